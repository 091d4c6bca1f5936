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
  const cost = frameCost(e);
  for (const at of e.costSites) e.code.patchUnsigned(at, cost);
  batch.add(e.locals, e.code.bytes.slice(0, e.code.length), e.sites);
  return graph.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
}

/** Bytes of host stack that one frame takes at most, in either of V8's compilers. */
function frameCost(e: Emitter): number {
  let cost = 160;
  for (const type of e.locals) cost += type === V128 ? 16 : 8;
  return cost;
}
