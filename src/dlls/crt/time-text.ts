import type { BrokenTime } from './time.ts';
import type { TimeZone } from './time-zone.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** asctime's 24 characters and line feed; the Universal C Runtime puts a space before a day of one digit. */
export function asctimeText(time: BrokenTime, c99: boolean): string {
  const day = (DAYS[time.weekday] ?? '').slice(0, 3).padEnd(3);
  const month = (MONTHS[time.month] ?? '').slice(0, 3).padEnd(3);
  const date = c99 ? String(time.day).padStart(2) : two(time.day);
  const clock = `${two(time.hour)}:${two(time.minute)}:${two(time.second)}`;
  return `${day} ${month} ${date} ${clock} ${String(time.year + 1900).padStart(4, '0')}\n`.slice(0, 25);
}

/** Week of the year where weeks begin on Sunday (0) or Monday (1). */
function week(time: BrokenTime, first: number): number {
  return Math.floor((time.yearday + 7 - ((time.weekday - first + 7) % 7)) / 7);
}

/** What each code of strftime stands for; `#` before it takes leading zeros away. */
const CODES: Readonly<Record<string, (time: BrokenTime) => string | number>> = {
  a: (t) => (DAYS[t.weekday] ?? '').slice(0, 3),
  A: (t) => DAYS[t.weekday] ?? '',
  b: (t) => (MONTHS[t.month] ?? '').slice(0, 3),
  B: (t) => MONTHS[t.month] ?? '',
  c: (t) => `${short(t)} ${clock(t)}`,
  d: (t) => two(t.day),
  H: (t) => two(t.hour),
  I: (t) => two(t.hour % 12 || 12),
  j: (t) => String(t.yearday + 1).padStart(3, '0'),
  m: (t) => two(t.month + 1),
  M: (t) => two(t.minute),
  p: (t) => (t.hour < 12 ? 'AM' : 'PM'),
  S: (t) => two(t.second),
  U: (t) => two(week(t, 0)),
  w: (t) => t.weekday,
  W: (t) => two(week(t, 1)),
  x: (t) => short(t),
  X: (t) => clock(t),
  y: (t) => two((((t.year + 1900) % 100) + 100) % 100),
  Y: (t) => t.year + 1900,
  '%': () => '%',
};

function short(time: BrokenTime): string {
  return `${two(time.month + 1)}/${two(time.day)}/${two((((time.year + 1900) % 100) + 100) % 100)}`;
}
function clock(time: BrokenTime): string {
  return `${two(time.hour)}:${two(time.minute)}:${two(time.second)}`;
}
function long(time: BrokenTime): string {
  return `${DAYS[time.weekday] ?? ''}, ${MONTHS[time.month] ?? ''} ${two(time.day)}, ${time.year + 1900}`;
}

/** The year and week of ISO 8601: weeks begin on Monday, the first has the year's first Thursday. */
function isoWeek(time: BrokenTime): { year: number; week: number } {
  const monday = (time.weekday + 6) % 7;
  const thursday = time.yearday - monday + 3;
  const year = time.year + 1900;
  if (thursday < 0) {
    const before = daysIn(year - 1);
    return { year: year - 1, week: Math.floor((thursday + before) / 7) + 1 };
  }
  if (thursday >= daysIn(year)) return { year: year + 1, week: 1 };
  return { year, week: Math.floor(thursday / 7) + 1 };
}

function daysIn(year: number): number {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 366 : 365;
}

/** The codes that C99 adds. */
const C99_CODES: typeof CODES = {
  C: (t) => two(Math.floor((t.year + 1900) / 100)),
  D: (t) => short(t),
  e: (t) => String(t.day).padStart(2),
  F: (t) => `${t.year + 1900}-${two(t.month + 1)}-${two(t.day)}`,
  g: (t) => two(isoWeek(t).year % 100),
  G: (t) => isoWeek(t).year,
  h: (t) => (MONTHS[t.month] ?? '').slice(0, 3),
  n: () => '\n',
  r: (t) => `${two(t.hour % 12 || 12)}:${two(t.minute)}:${two(t.second)} ${t.hour < 12 ? 'AM' : 'PM'}`,
  R: (t) => `${two(t.hour)}:${two(t.minute)}`,
  t: () => '\t',
  T: (t) => clock(t),
  u: (t) => t.weekday || 7,
  V: (t) => two(isoWeek(t).week),
  c: (t) =>
    `${(DAYS[t.weekday] ?? '').slice(0, 3)} ${(MONTHS[t.month] ?? '').slice(0, 3)} ${String(t.day).padStart(2)} ${clock(t)} ${t.year + 1900}`,
};

/** strftime's text, or undefined for a code that is none. */
export function formatTime(
  format: string,
  time: BrokenTime,
  c99: boolean,
  zone?: TimeZone,
): string | undefined {
  let out = '';
  for (let at = 0; at < format.length; at++) {
    if (format[at] !== '%') {
      out += format[at];
      continue;
    }
    const alternate = format[at + 1] === '#';
    // E and O ask for other calendars and digits, which "C" has not.
    const modifier = c99 && /[EO]/.test(format[at + 1] ?? '');
    at += alternate || modifier ? 2 : 1;
    const code = format[at] ?? '';
    if (zone && (code === 'z' || code === 'Z')) {
      out += zoneText(code, time, zone);
      continue;
    }
    const write = (c99 ? C99_CODES[code] : undefined) ?? CODES[code];
    if (!write) return undefined;
    out += alternate ? alternateText(code, time, String(write(time))) : write(time);
  }
  return out;
}

/** %Z is the zone's name, %z its offset. */
function zoneText(code: 'z' | 'Z', time: BrokenTime, zone: TimeZone): string {
  const summer = time.summer > 0 && zone.summerName !== '';
  if (code === 'Z') return summer ? zone.summerName : zone.name;
  const minutes = -Math.round(zone.bias / 60) + (summer ? 60 : 0);
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function alternateText(code: string, time: BrokenTime, text: string): string {
  if (code === 'x') return long(time);
  if (code === 'c') return `${long(time)} ${clock(time)}`;
  return 'dHIjmMSUwWyYCeguV'.includes(code) ? String(Number(text)) : text;
}
