// Keys: single keys and two-key sequences that do something, each with what it does, so that the
// key map is never out of date. They sleep while somebody writes or a dialog is open, and can be
// turned off (WCAG 2.1.4).
import { useEffect, useRef } from 'react';
import { Cell, Signal } from './signal';

export interface KeyAct {
  does: string;
  act: () => void;
  when?: () => boolean; // else the key stays the browser's
}
export type KeyMap = Record<string, KeyAct>; // 'f', 'shift+f', 'g h', 'ArrowDown'

const kSequenceMs = 1000;
const kStorage = 'telltale.keys';

const maps: KeyMap[] = [];
export const keys_changed = new Signal();
export const keys_on = new Cell(localStorage.getItem(kStorage) !== 'off');

export function turn_keys(on: boolean): void {
  localStorage.setItem(kStorage, on ? 'on' : 'off');
  keys_on.set(on);
}

// Letters by their place on the keyboard where the input method writes none (Hangul, Cyrillic).
export function key_name(event: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey'>): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  const latin = /^[\x20-\x7e]$/.test(event.key);
  const key =
    letter && !latin ? letter : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shifted = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return shifted ? `shift+${key}` : key;
}

let before = '';
let before_at = 0;

function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable) return;
  if (document.querySelector('dialog[open]')) return;
  const name = key_name(event);
  if (!keys_on.value && name.length === 1) return;
  const sequence = event.timeStamp - before_at < kSequenceMs ? `${before} ${name}` : '';
  before = name;
  before_at = event.timeStamp;
  for (let at = maps.length - 1; at >= 0; at -= 1) {
    const found = maps[at]![sequence] ?? maps[at]![name];
    if (!found || found.when?.() === false) continue;
    event.preventDefault();
    found.act();
    return;
  }
}

export function start_keys(): void {
  window.addEventListener('keydown', pressed);
}

// The keys of a component for as long as it is on the page; those of the newest go first.
export function use_keys(map: KeyMap): void {
  const current = useRef(map);
  current.current = map;
  const names = Object.keys(map).join('|');
  useEffect(() => {
    const live: KeyMap = {};
    for (const [name, { does }] of Object.entries(current.current)) {
      live[name] = {
        does,
        act: () => current.current[name]?.act(),
        when: () => current.current[name]?.when?.() !== false,
      };
    }
    maps.push(live);
    keys_changed.changed();
    return () => {
      maps.splice(maps.indexOf(live), 1);
      keys_changed.changed();
    };
  }, [names]);
}

// What the keys do now, without those that another one covers.
export function all_keys(): [string, string][] {
  const found = new Map<string, string>();
  for (const map of maps) for (const [name, { does }] of Object.entries(map)) found.set(name, does);
  return [...found];
}
