// Colours of a terminal as classes of the page: SGR sequences become spans, all other escapes are
// left out. Pure.

export interface Span {
  text: string;
  style: string; // classes, "" = none
}

// The state carried from one line to the next.
export interface Style {
  color: string;
  bold: boolean;
  dim: boolean;
}

export const kPlain: Style = { color: '', bold: false, dim: false };

// black red green yellow blue magenta cyan white, as the page's tokens.
const kColors = ['a-black', 'a-red', 'a-green', 'a-yellow', 'a-blue', 'a-magenta', 'a-cyan', ''];

// CSI sequences, OSC strings, and other two-character escapes.
const kEscape =
  // eslint-disable-next-line no-control-regex
  new RegExp(
    String.raw`\x1b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?` +
      String.raw`|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])`,
    'g',
  );
const kControl = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

function color_of_256(code: number): string {
  if (code < 16) return kColors[code % 8]!;
  if (code >= 232) return code < 244 ? 'a-black' : '';
  const cube = code - 16;
  const red = Math.floor(cube / 36) > 2;
  const green = Math.floor((cube % 36) / 6) > 2;
  const blue = cube % 6 > 2;
  return kColors[(red ? 1 : 0) + (green ? 2 : 0) + (blue ? 4 : 0)]!;
}

function apply(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i]!;
    if (code === 0) next = kPlain;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next = { ...next, color: kColors[code - 30]! };
    else if (code >= 90 && code <= 97) next = { ...next, color: kColors[code - 90]! };
    else if (code === 39) next = { ...next, color: '' };
    else if (code === 38 || code === 48) {
      if (codes[i + 1] === 5) {
        if (code === 38) next = { ...next, color: color_of_256(codes[i + 2] ?? 7) };
        i += 2;
      } else if (codes[i + 1] === 2) {
        const high = codes.slice(i + 2, i + 5).map((part) => (part > 127 ? 1 : 0));
        const index = (high[0] ?? 0) + (high[1] ?? 0) * 2 + (high[2] ?? 0) * 4;
        if (code === 38) next = { ...next, color: kColors[index]! };
        i += 4;
      }
    }
  }
  return next;
}

function classes(style: Style): string {
  let text = style.color;
  if (style.bold) text += ' a-bold';
  if (style.dim) text += ' a-dim';
  return text.trim();
}

export function parse_ansi(text: string, from: Style): { spans: Span[]; style: Style } {
  const spans: Span[] = [];
  let style = from;
  let at = 0;
  const add = (piece: string): void => {
    const clean = piece.replace(kControl, '').replace(/\x1b/g, '');
    if (clean === '') return;
    const last = spans[spans.length - 1];
    const look = classes(style);
    if (last && last.style === look) last.text += clean;
    else spans.push({ text: clean, style: look });
  };
  kEscape.lastIndex = 0;
  for (let found = kEscape.exec(text); found; found = kEscape.exec(text)) {
    add(text.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] === 'm') style = apply(style, found[1] || '0');
  }
  add(text.slice(at));
  return { spans, style };
}

export function strip_ansi(text: string): string {
  return parse_ansi(text, kPlain)
    .spans.map((span) => span.text)
    .join('');
}
