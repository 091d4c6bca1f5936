import { expect, test } from 'vitest';
import { environmentWith, standardEnvironment } from '../../src/process/environment.ts';

test('a variable given by the user replaces the standard one, in whatever case it is named', () => {
  const standard = [...standardEnvironment().keys()].find((name) => name.toLowerCase() === 'path')!;
  const other = standard === 'PATH' ? 'Path' : 'PATH';
  const merged = environmentWith([[other, 'C:\\mine']]);
  const named = [...merged].filter(([name]) => name.toLowerCase() === 'path');
  expect(named).toEqual([[other, 'C:\\mine']]);
  expect(merged.size).toBe(standardEnvironment().size);
});
