import { V128 } from '../wasm/opcodes.ts';
import type { Batch } from './batch.ts';
import type { CodeReader } from './code-reader.ts';
import { discover, REGION_LIMITS, SINGLE_STEP } from './discover.ts';
import { Emitter } from './emitter.ts';
import { Structure } from './structure.ts';

/** Translates the function at `entry` into the batch; returns the number of its instructions. */
export function translateRegion(
  batch: Batch,
  reader: CodeReader,
  entry: number,
  isFunction: (address: number) => boolean,
): number {
  return translate(batch, discover(reader, entry, REGION_LIMITS, isFunction), false);
}

/** Translates the one instruction at `entry`. */
export function translateStep(batch: Batch, reader: CodeReader, entry: number): void {
  translate(
    batch,
    discover(reader, entry, SINGLE_STEP, () => false),
    true,
  );
}

function translate(batch: Batch, graph: ReturnType<typeof discover>, isStep: boolean): number {
  const e = new Emitter(batch, isStep);
  new Structure(e, graph).emit();
  const instructions = graph.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
  const cost = frameCost(e, instructions);
  for (const at of e.costSites) e.code.patchUnsigned(at, cost);
  batch.add(e.locals, e.code, e.sites);
  return instructions;
}

/**
 * Bytes of host stack that one frame takes, with a margin of about two: measured were 136 for a function of 20
 * instructions and 980 for one of 1,400 with 60 locals (V8's optimizing compiler; its other one takes less).
 */
function frameCost(e: Emitter, instructions: number): number {
  let cost = 160 + (instructions >> 1);
  for (const type of e.locals) cost += type === V128 ? 24 : 12;
  return cost;
}
