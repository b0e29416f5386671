// Numbers, durations and times as the page writes them. Times are milliseconds since the epoch
// unless a name says otherwise; a field of the schema (µs, bigint) becomes one by ms_of(). Numbers
// come from outside: each function here answers a text for every one there is, and throws never.

const kMinus = '\u2212';
const kNoNumber = '?'; // what nothing sensible can be said of

// What a Date can hold; an event may say any time of 64 bits.
const kTimeMax = 8.64e15;

function is_time(ms: number): boolean {
  return Math.abs(ms) <= kTimeMax;
}

export function ms_of(us: bigint): number {
  return Number(us) / 1000;
}

const pad = (value: number): string => String(value).padStart(2, '0');

// `8 s`, `2 m 10 s`, `1 h 04 m`.
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return kNoNumber;
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${pad(seconds % 60)} s`;
  return `${count(Math.floor(minutes / 60))} h ${pad(minutes % 60)} m`;
}

// Its largest unit alone, where there is no room: `8 s`, `2 m`, `1 h`.
export function short_duration(ms: number): string {
  return duration(ms).split(' ').slice(0, 2).join(' ');
}

// Under ten seconds with a tenth: how old data is.
export function age(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : duration(ms);
}

const kDays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function same_day(a: Date, b: Date): boolean {
  return a.toDateString() === b.toDateString();
}

// `14:03:22` today, `Mon 09:10` within a week, else `2026-03-01 09:10`; '' where none was told.
export function clock(ms: number, now: number): string {
  if (ms <= 0) return '';
  if (!is_time(ms)) return kNoNumber;
  const at = new Date(ms);
  const today = new Date(now);
  if (same_day(at, today)) {
    return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  }
  const short = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  const days = (now - ms) / 86_400_000;
  if (days >= 0 && days < 6) return `${kDays[at.getDay()]} ${short}`;
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${short}`;
}

// Whole, with its zone: for a hover.
export function full_time(ms: number): string {
  if (ms <= 0) return '';
  // A day less: the zone is added below.
  if (!is_time(ms + 86_400_000)) return 'a time that no calendar has';
  const at = new Date(ms);
  const offset = -at.getTimezoneOffset();
  const sign = offset < 0 ? kMinus : '+';
  const zone = `${sign}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19);
  return `${local}${zone}`;
}

export function ago(ms: number, now: number): string {
  if (!Number.isFinite(ms)) return kNoNumber;
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${count(Math.floor(seconds / 86_400))} d ago`;
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const digits = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

function signed(value: number, text: string): string {
  return value < 0 ? kMinus + text : text;
}

const kSteps: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
];

// `1,842`; from 100,000 on `0.1 M`, `1.9 M`.
export function count(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? kNoNumber : signed(value, '∞');
  const size = Math.abs(value);
  if (size >= 1e15) return metric(value);
  if (size < 100_000) return signed(value, grouped(String(Math.round(size))));
  for (const [step, unit] of kSteps) {
    if (size >= step) return signed(value, `${(size / step).toFixed(1)} ${unit}`);
  }
  return signed(value, `${(size / 1e6).toFixed(1)} M`);
}

// Data: `912 B`, `38 KB`, `1.4 GB`.
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return kNoNumber;
  if (value < 1000) return `${Math.round(value)} B`;
  const units = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

// Four significant digits.
export function metric(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? `${kMinus}∞` : '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) {
    const [mantissa = '', exponent = ''] = size.toExponential(3).split('e');
    const short = mantissa.replace(/\.?0+$/, '');
    return signed(value, `${short}e${exponent.replace('+', '').replace('-', kMinus)}`);
  }
  if (Number.isInteger(value)) return signed(value, grouped(String(size)));
  const digits = Math.max(0, 3 - Math.floor(Math.log10(size)));
  return signed(value, grouped(size.toFixed(digits)));
}

// The same number as short as it is exact: for axes and for what a person typed.
export function plain(value: number): string {
  return metric(value)
    .replace(/(\.\d*?)0+($|e)/, '$1$2')
    .replace(/\.($|e)/, '$1');
}

// A difference always has its sign.
export function difference(value: number): string {
  return value === 0 ? '±0' : value > 0 ? `+${metric(value)}` : metric(value);
}

export function percent(share: number): string {
  if (Number.isNaN(share)) return kNoNumber;
  const bounded = Math.min(1, Math.max(0, share));
  // 100 % is said when it is over, not when it is nearly.
  return `${bounded >= 1 ? 100 : Math.min(99, Math.round(bounded * 100))} %`;
}

export function plural(count_of: number, word: string): string {
  return `${count(count_of)} ${word}${count_of === 1 ? '' : 's'}`;
}

// A run by its key, short enough to say and long enough to tell it from all others; the commands
// take it.
export function short_key(run_key: string): string {
  return run_key.slice(0, 6);
}

// Names and messages may be of any length; what stands in a line, a tip or a list is cut.
export const kTextMost = 300; // characters
export const kTipMost = 2000;

export function cut(text: string, most = kTextMost): string {
  if (text.length <= most) return text;
  // No half of a character that takes two.
  const end = /[\ud800-\udbff]/.test(text[most - 2]!) ? most - 2 : most - 1;
  return `${text.slice(0, end)}…`;
}

// One of a loop's items is often a small object of its parameters.
const kFlatMost = 6;

function is_flat(value: unknown): value is Record<string, string | number | boolean> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const parts = Object.values(value);
  return (
    parts.length > 0 &&
    parts.length <= kFlatMost &&
    parts.every((part) => ['string', 'number', 'boolean'].includes(typeof part))
  );
}

// A JSON text as a person reads it: strings without quotes, what is long cut.
export function value_text(json: string): string {
  return cut(json.length > kJsonMost ? json : readable(json));
}

// The path of a run that a value is the whole address of, as a delivery tells which run it started;
// '' for any other value. The place in this page, whatever server the address names.
export function run_path(json: string): string {
  return /^"https?:\/\/[^"?#\\]+(\/runs\/[a-z2-7]{26})"$/.exec(json)?.[1] ?? '';
}

const kJsonMost = 10_000; // beyond it nobody reads more than its beginning

function readable(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'string') return value;
    if (is_flat(value))
      return Object.entries(value)
        .map((pair) => pair.join(' '))
        .join(', ');
    if (typeof value === 'number') return String(value).replace('-', kMinus);
    return JSON.stringify(value);
  } catch {
    return json;
  }
}
