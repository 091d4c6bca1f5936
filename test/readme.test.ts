import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { example } from '../examples/library.ts';

const root = new URL('..', import.meta.url);

test("the README's library example prints what the README says", () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const lines: string[] = [];
  example((line) => lines.push(line));
  expect(lines.length).toBeGreaterThan(3);
  expect(readme).toContain(`\`\`\`\n${lines.join('\n')}\n\`\`\``);
});

test("the README's library example is examples/library.ts, to the letter", () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  const source = readFileSync(new URL('examples/library.ts', root), 'utf8');
  expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``);
});
