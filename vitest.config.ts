import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { WINMEM_VERSION: JSON.stringify('0.0.0-test') },
  resolve: {
    alias: {
      'winmem/memory': new URL('src/memory.ts', import.meta.url).pathname,
      winmem: new URL('src/winmem.ts', import.meta.url).pathname,
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // Two cores: more workers only take each other's time.
    maxWorkers: 2,
  },
});
