import { expect, test } from 'vitest';
import { type Family, pageOf } from '../../src/dlls/api.ts';
import { familiesOf } from '../../src/dlls/registry.ts';

const allFamilies = Object.values(familiesOf).flatMap((families) => families());

/** What the DLL shows: handlers of our own frames are not among it. */
function exportsOf(of: Family) {
  return Object.entries(of.functions).filter(([, { hidden }]) => !hidden);
}

/** docs/coverage.md: every function there is, by DLL. `npm test -- test/dlls/coverage.test.ts --update` writes it anew. */
function coverage(): string {
  const lines = [
    '# API functions that are built',
    '',
    'Made from the declarations in src/dlls by test/dlls/coverage.test.ts.',
  ];
  for (const dll of ['kernel32', 'ntdll', 'msvcrt', 'ucrtbase', 'vcruntime140', 'vcruntime140_1']) {
    const functions = allFamilies
      .filter((of) => of.dll === dll)
      .flatMap((of) =>
        exportsOf(of).map(([name, { documentedNoOp, rule }]) => ({
          name,
          page: pageOf(of, name),
          documentedNoOp,
          rule,
        })),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const noOps = functions.filter(({ documentedNoOp }) => documentedNoOp);
    lines.push('', `## ${dll}.dll: ${functions.length} function${functions.length === 1 ? '' : 's'}`, '');
    lines.push(functions.map(({ name, page }) => `[${name}](${page})`).join(' · '));
    if (noOps.length > 0) {
      lines.push(
        '',
        `By their documentation these do nothing here: ${noOps.map(({ name }) => name).join(', ')}.`,
      );
    }
  }
  lines.push(
    '',
    'A function that Windows has and this list has not stops the program when it is called, with a line that names it.',
  );
  return `${lines.join('\n')}\n`;
}

test('docs/coverage.md lists what the declarations say', async () => {
  await expect(coverage()).toMatchFileSnapshot('../../docs/coverage.md');
});

test('a declared function has a documentation page', () => {
  const without = allFamilies
    .filter(({ pages }) => !/^https:\/\/learn\.microsoft\.com\//.test(pages))
    .map(({ pages }) => pages);
  expect(without).toEqual([]);
});
