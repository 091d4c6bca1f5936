import { environmentValue } from '../../process/environment.ts';
import type { Process } from '../../process/process.ts';
import { dataAddress } from './data.ts';
import { crtOf } from './state.ts';

/** The runtime's time zone: UTC, or what the variable TZ says (https://learn.microsoft.com/cpp/c-runtime-library/reference/tzset). */
export interface TimeZone {
  readonly name: string;
  /** Empty where daylight saving time is not known. */
  readonly summerName: string;
  /** Seconds from local time to UTC. */
  readonly bias: number;
}

const UTC: TimeZone = { name: 'UTC', summerName: '', bias: 0 };
/** tzn[+|-]hh[:mm[:ss]][dzn] */
const FORM = /^([A-Za-z]{3})([+-]?)(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?([A-Za-z]{3})?/;
const HOUR = 3600;
const DAY = 86_400;

/** _tzset: reads TZ and stores what the data exports say. */
export function setZone(process: Process): TimeZone {
  const zone = parseZone(environmentValue(process, 'TZ') ?? '');
  const crt = crtOf(process);
  crt.zone = zone;
  process.memory.setU32(dataAddress(process, '_timezone'), zone.bias);
  process.memory.setU32(dataAddress(process, '_daylight'), zone.summerName === '' ? 0 : 1);
  process.memory.setU32(dataAddress(process, '_dstbias'), zone.summerName === '' ? 0 : -HOUR);
  return zone;
}

export function zoneOf(process: Process): TimeZone {
  return crtOf(process).zone ?? setZone(process);
}

function parseZone(text: string): TimeZone {
  const match = FORM.exec(text);
  if (!match) return UTC;
  const [, name, sign, hours, minutes = '0', seconds = '0', summerName = ''] = match;
  const bias = Number(hours) * HOUR + Number(minutes) * 60 + Number(seconds);
  return { name: name!, summerName, bias: sign === '-' ? -bias : bias };
}

/** Day of the month (from 0) of the n-th Sunday of a month that begins on `seconds`. */
function sunday(seconds: number, n: number): number {
  const weekday = (Math.floor(seconds / DAY) + 4) % 7;
  return ((7 - weekday) % 7) + (n - 1) * 7;
}

/** Whether a time (UTC) falls into daylight saving time, by the rules of the United States, as documented for TZ. */
export function isSummer(zone: TimeZone, seconds: number): boolean {
  if (zone.summerName === '') return false;
  const local = seconds - zone.bias;
  const year = new Date(local * 1000).getUTCFullYear();
  const march = Date.UTC(year, 2, 1) / 1000;
  const november = Date.UTC(year, 10, 1) / 1000;
  const start = march + sunday(march, 2) * DAY + 2 * HOUR;
  const end = november + sunday(november, 1) * DAY + HOUR;
  return local >= start && local < end;
}

/** Seconds to add to a time to get local time. */
export function localOffset(zone: TimeZone, seconds: number): number {
  return -zone.bias + (isSummer(zone, seconds) ? HOUR : 0);
}
