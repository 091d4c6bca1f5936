import { expect, test } from 'vitest';
import { Exit } from '../../src/process/executor.ts';
import { X87Bench } from './x87-bench.ts';
import { X87_FORMS } from './x87-forms.ts';
import { X87_CASES, x87Input } from './x87-inputs.ts';
import { differences, X87Recording } from './x87-recording.ts';

test('x87 instructions do what the recording CPU did, in every rounding and precision', () => {
  const bench = new X87Bench();
  const recording = new X87Recording();
  const wrong: string[] = [];
  X87_FORMS.forEach((form, number) => {
    const recorded = recording.next(form);
    const at = bench.place(recorded.code);
    for (let index = 0; index < X87_CASES; index++) {
      const before = x87Input(number, index, form.kind);
      const reason = bench.run(at, before);
      const found =
        reason === Exit.breakpoint ? differences(form, recorded.cases[index]!, bench.after()) : 'no end';
      if (found !== '') wrong.push(`${form.asm}, case ${index}: ${found}`);
    }
  });
  expect(wrong).toEqual([]);
});
