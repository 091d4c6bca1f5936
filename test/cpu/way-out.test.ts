import { expect, test } from 'vitest';
import { WayOut } from '../../src/cpu/code/way-out.ts';

const MUCH_FUEL = 1e9;
const never = () => false;
const always = () => true;

/** How many times the code goes on from `rip` until it leaves there. */
function rounds(way: WayOut, rip: number, stack: number, isTranslated: (rip: number) => boolean): number {
  let count = 0;
  while (!way.isHere(rip, stack, isTranslated)) count++;
  return count;
}

test('code that is out of fuel leaves, if no good place comes, after a hundredth of the fuel that it had', () => {
  const way = new WayOut();
  way.begin(3_000_000);
  expect(rounds(way, 0x1000, 500, never)).toBe(100);
  way.begin(MUCH_FUEL);
  expect(rounds(way, 0x2000, 500, never)).toBe(1000);
});

test('where code has left before it leaves at once, for the same callers only', () => {
  const way = new WayOut();
  way.begin(MUCH_FUEL);
  rounds(way, 0x1_4000_1000, 500, never);
  way.begin(MUCH_FUEL);
  expect(way.isHere(0x1_4000_1000, 499, never)).toBe(false);
  expect(way.isHere(0x1_4000_1004, 500, never)).toBe(false);
  expect(way.isHere(0x1_4000_1000, 500, never)).toBe(true);
});

test('elsewhere it leaves where no more functions are under way than at the best place seen, and the code is translated', () => {
  const way = new WayOut();
  way.begin(MUCH_FUEL);
  for (let look = 0; look < 400; look++)
    expect(way.isHere(0x1000, look === 200 ? 900 : 500, always)).toBe(false);
  expect(way.isHere(0x1000, 899, always)).toBe(false);
  expect(way.isHere(0x1000, 900, never)).toBe(false);
  expect(way.isHere(0x1000, 900, always)).toBe(true);
});

test('a run of little fuel leaves at the first place', () => {
  const way = new WayOut();
  way.begin(29_999);
  expect(way.isHere(0x1000, 500, never)).toBe(true);
});
