/**
 * What V8 is told before it loads dist/run.js. A run is mostly a start, and these keep V8 from working ahead on
 * code that soon is no longer needed: compiling each function of a translated module at once, marking a heap that
 * is still being built up.
 */
export const v8Flags = [
  '--wasm-lazy-compilation',
  '--wasm-lazy-validation',
  '--wasm-num-compilation-tasks=1',
  '--no-incremental-marking',
  // The collection that making 4 GiB of memory brings about sets how far the heap may grow until the next: to ten times
  // as much, which is some 30 MB. The nursery grows step by step: at once (a factor of 16) it takes 13 MB more for good.
  '--heap-growing-percent=1000',
  '--semi-space-growth-factor=2',
  // Translated functions look after the host's stack themselves (STACK_BUDGET), with the estimates of frameCost, and leave
  // loops when their fuel is used up. V8 would look again in each function and each round.
  '--no-wasm-stack-checks',
  // Translated modules say which branches are rare; V8 reads that only when told.
  '--experimental-wasm-branch-hinting',
];
