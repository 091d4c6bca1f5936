import { expect, test } from 'vitest';
import { codesOf, exampleFiles, recordedCodes } from '../../scripts/corpus.mjs';
import { apartCodes, BY_PROPERTY, codesByProgram } from '../../scripts/instruction-codes.mjs';

const recorded = new Set(recordedCodes());
const tried = new Set(Object.values(codesByProgram()).flat());
const apart = apartCodes();

test('every Code of the corpus is tried against the processor, tested by property, or named as apart', () => {
  expect(recorded.size).toBeGreaterThan(550);
  const open = [...recorded].filter(
    (name) => !tried.has(name) && !apart.has(name) && !BY_PROPERTY.includes(name),
  );
  expect(open).toEqual([]);
});

test('nothing is named as apart that is tried or not in the corpus', () => {
  const names = [...apart.keys()];
  expect(names.filter((name) => tried.has(name) || !recorded.has(name))).toEqual([]);
});

test('the examples use no Code that the corpus has not', () => {
  const codes = [...codesOf(exampleFiles()).keys()];
  expect(codes.length).toBeGreaterThan(200);
  expect(codes.filter((name) => !recorded.has(name))).toEqual([]);
});
