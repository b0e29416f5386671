// LogLines: bytes of a log as lines of text. `\n` and `\r\n` end a line, a lone `\r` overwrites it;
// broken UTF-8 becomes U+FFFD; colours carry on from line to line. Keeps a bounded number of lines,
// the newest. Knows nothing of where bytes come from.
import { kPlain, parse_ansi, strip_ansi, type Span, type Style } from './ansi';

export type Level = '' | 'error' | 'warn' | 'debug';

export interface Line {
  raw: string; // with its escapes
  text: string; // what a person reads and searches
  offset: number; // of its first byte in the log
  before: Style; // colours it starts with
  level: Level;
  overwritten: boolean; // a `\r` drew over it
}

export const kLinesMax = 50_000;
const kNewline = 10;
const kReturn = 13;
// A line without an end is cut here, so that one of a gigabyte cannot stop the page.
const kLineBytesMax = 65_536;

const kError = new RegExp(
  String.raw`^\s*(\w+\.)*(\w*(Error|Exception|Panic)\b|Traceback \(most recent|Killed\b)` +
    String.raw`|\b(ERROR|FATAL|CRITICAL|PANIC)\b|^E[ /]`,
);
const kWarn = /\b(WARN|WARNING)\b|\w+Warning:|^W[ /]/;
const kDebug = /\b(DEBUG|TRACE)\b|^D[ /]/;

export function level_of(text: string): Level {
  const head = text.length > 400 ? text.slice(0, 400) : text;
  if (kError.test(head)) return 'error';
  if (kWarn.test(head)) return 'warn';
  return kDebug.test(head) ? 'debug' : '';
}

export function spans_of(line: Line): Span[] {
  return parse_ansi(line.raw, line.before).spans;
}

// Bytes of one line, without its end, as a terminal leaves it.
function interpret(bytes: Uint8Array, complete: boolean): { raw: string; overwritten: boolean } {
  let end = bytes.length;
  if (complete) while (end > 0 && bytes[end - 1] === kReturn) end -= 1;
  // The last `\r` that something follows: what stands before it was drawn over.
  let last = end;
  while (last > 0 && bytes[last - 1] === kReturn) last -= 1;
  const start = bytes.lastIndexOf(kReturn, last - 1) + 1;
  // A character that has not come whole yet is held back, not shown broken.
  const raw = new TextDecoder().decode(bytes.subarray(start, last), { stream: !complete });
  return { raw, overwritten: start > 0 || last < end };
}

function make_line(bytes: Uint8Array, offset: number, before: Style, complete: boolean): Line {
  const { raw, overwritten } = interpret(bytes, complete);
  const text = raw.includes('\x1b') || /[\x00-\x08\x0b-\x1f\x7f]/.test(raw) ? strip_ansi(raw) : raw;
  return { raw, text, offset, before, level: level_of(text), overwritten };
}

export class LogLines {
  lines: Line[] = [];
  open = false; // the last line has no end yet
  dropped = 0; // lines let go from the top since clear()
  prepended = 0; // lines that came on top since clear()
  private first: Uint8Array | undefined; // bytes of the first line, while it is known to be whole
  private pending = new Uint8Array(0);
  private pending_offset = 0;
  private style: Style = kPlain;

  clear(offset: number): void {
    this.lines = [];
    this.open = false;
    this.dropped = 0;
    this.prepended = 0;
    this.first = undefined;
    this.pending = new Uint8Array(0);
    this.pending_offset = offset;
    this.style = kPlain;
  }

  // The offset after the last byte taken.
  get end(): number {
    return this.pending_offset + this.pending.length;
  }

  get start(): number {
    return this.lines[0]?.offset ?? this.pending_offset;
  }

  // Bytes that follow; `offset` is that of the first. What came before is skipped, a gap ends a
  // line.
  append(offset: number, bytes: Uint8Array): void {
    let fresh = bytes;
    if (offset < this.end) fresh = bytes.subarray(Math.min(bytes.length, this.end - offset));
    if (fresh.length === 0) return;
    if (offset > this.end) {
      this.finish_pending();
      this.pending_offset = offset;
    }
    this.take(fresh);
    this.trim();
  }

  private take(fresh: Uint8Array): void {
    if (this.open) this.lines.pop();
    this.open = false;
    let at = 0;
    for (let end = fresh.indexOf(kNewline); end >= 0; end = fresh.indexOf(kNewline, at)) {
      const part = fresh.subarray(at, end);
      const bytes = this.pending.length > 0 ? joined(this.pending, part) : part;
      this.push(bytes, true);
      this.pending_offset += bytes.length + 1;
      this.pending = new Uint8Array(0);
      at = end + 1;
    }
    this.pending = at < fresh.length ? joined(this.pending, fresh.subarray(at)) : this.pending;
    while (this.pending.length > kLineBytesMax) this.cut_pending();
    if (this.pending.length > 0) {
      this.lines.push(make_line(this.pending, this.pending_offset, this.style, false));
      this.open = true;
    }
  }

  // A line that never ends: what was drawn over goes, else it is cut where it stands.
  private cut_pending(): void {
    const last = this.pending.lastIndexOf(kReturn, this.pending.length - 2);
    const end = last > 0 ? last : kLineBytesMax;
    if (last <= 0) this.push(this.pending.slice(0, end), true);
    this.pending_offset += end;
    this.pending = this.pending.slice(end);
  }

  private finish_pending(): void {
    if (this.pending.length === 0) return;
    if (this.open) this.lines.pop();
    this.open = false;
    this.push(this.pending, true);
    this.pending_offset += this.pending.length;
    this.pending = new Uint8Array(0);
  }

  private push(bytes: Uint8Array, complete: boolean): void {
    if (this.lines.length === 0 && this.dropped === 0) this.first = bytes.slice();
    const line = make_line(bytes, this.pending_offset, this.style, complete);
    this.lines.push(line);
    if (line.raw.includes('\x1b')) this.style = parse_ansi(line.raw, this.style).style;
  }

  // Bytes that end where start is, mostly within the first line, which is made whole then.
  // Returns the number of lines added on top.
  prepend(offset: number, bytes: Uint8Array): number {
    if (offset + bytes.length !== this.start) return 0;
    const seam = bytes.lastIndexOf(kNewline) + 1;
    const whole = bytes.length - seam > kLineBytesMax || !this.complete_first(offset, bytes, seam);
    const earlier = new LogLines();
    earlier.clear(offset);
    earlier.append(offset, whole ? bytes : bytes.subarray(0, seam));
    earlier.finish_pending();
    this.lines = [...earlier.lines, ...this.lines];
    this.first = earlier.first ?? this.first;
    this.prepended += earlier.lines.length;
    return earlier.lines.length;
  }

  // False where there is nothing to complete, or its bytes are not known any more.
  private complete_first(offset: number, bytes: Uint8Array, seam: number): boolean {
    const line = this.lines[0];
    if (!line || seam === bytes.length) return false;
    const open = this.open && this.lines.length === 1;
    const rest = open ? this.pending : this.first;
    if (!rest) return false;
    const joint = joined(bytes.subarray(seam), rest);
    this.lines[0] = make_line(joint, offset + seam, line.before, !open);
    if (open) {
      this.pending = joint;
      this.pending_offset = offset + seam;
    } else this.first = joint;
    return true;
  }

  private trim(): void {
    const over = this.lines.length - kLinesMax;
    if (over <= 0) return;
    // In larger steps, so that a long log does not move the array for each line.
    const drop = over + 1_000;
    this.lines = this.lines.slice(drop);
    this.dropped += drop;
    this.first = undefined;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
