import { expect, test } from 'vitest';
import { Exit } from '../../src/process/executor.ts';
import { CODE, TestCpu, word } from './support.ts';

const CALLED = CODE + 0x8000;
const INCREMENT = 'ff c0 ';

/** A function at CALLED that goes around a loop 2,000 times. */
function withLoop(cpu: TestCpu): void {
  cpu.code('ba d0 07 00 00 ff ca 75 fc c3', CALLED); // mov edx, 2000; dec edx; jnz; ret
}

/** 50 times: adds `before` to eax, calls CALLED, adds `after`. */
function caller(cpu: TestCpu, before: number, after: number): void {
  const head = `b9 32 00 00 00 ${INCREMENT.repeat(before)}`; // mov ecx, 50
  const call = 5 + before * 2;
  const back = call + 5 + after * 2 + 2 + 6;
  cpu.code(
    `${head} e8 ${word(CALLED - (CODE + call + 5))} ${INCREMENT.repeat(after)} ff c9 0f 85 ${word(5 - back)} c3`,
  );
}

function run(cpu: TestCpu, fuel: number, refuel?: () => number): void {
  cpu.prepareCall(CODE);
  cpu.state.setGpr(0, 0);
  let reason = cpu.cpu.run(fuel, refuel);
  for (let round = 0; reason === Exit.fuel && round < 10_000; round++) reason = cpu.cpu.run(fuel, refuel);
  expect(reason).toBe(Exit.breakpoint);
}

test('a run that is given more fuel goes on without leaving what is under way', () => {
  const [cpu, other] = [new TestCpu(), new TestCpu()];
  for (const each of [cpu, other]) {
    withLoop(each);
    caller(each, 3, 3);
  }
  let asked = 0;
  run(cpu, 1000, () => {
    asked++;
    return 1000;
  });
  expect(cpu.register('rax')).toBe(300);
  expect(asked).toBeGreaterThan(100);
  // The start, which nothing calls, the loop in it and what follows; what they call; the end of the run.
  expect(cpu.cpu.statistics.functions).toBe(5);
  run(other, 1000);
  expect(other.register('rax')).toBe(300);
  expect(other.cpu.statistics.functions).toBeGreaterThan(5);
});

test('a run ends when no more fuel is given, though it was before', () => {
  const cpu = new TestCpu();
  cpu.code('eb fe'); // jmp to itself
  cpu.prepareCall(CODE);
  let left = 5;
  expect(cpu.cpu.run(1000, () => (left-- > 0 ? 1000 : 0))).toBe(Exit.fuel);
  expect(left).toBeLessThan(0);
});

test('what is resumed in a loop of a thousand instructions is all of the loop again once, wherever the fuel ends', () => {
  const cpu = new TestCpu();
  withLoop(cpu);
  caller(cpu, 500, 500);
  for (const fuel of [1000, 700, 1300, 2600]) {
    run(cpu, fuel);
    expect(cpu.register('rax')).toBe(50_000);
  }
  // Once whole, once as a loop from where it was resumed, and pieces from there to what is translated.
  expect(cpu.cpu.statistics.instructions).toBeLessThan(2400);
});

test('a function that is called through a pointer is translated like any other', () => {
  const cpu = new TestCpu();
  // mov eax, CALLED; call rax; ret
  cpu.code(`b8 ${word(CALLED)} ff d0 c3`);
  cpu.code(`31 c0 ${INCREMENT.repeat(1000)} c3`, CALLED);
  run(cpu, 1_000_000);
  expect(cpu.register('rax')).toBe(1000);
  // The caller, the function, and the end of the run.
  expect(cpu.cpu.statistics.functions).toBe(3);
});
