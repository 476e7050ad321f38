// Runs witness programs for the tests: one JSON object a line, and one answer a line.
//   {program, inputs}        → {witness}: decimal strings         `program` is base64; inputs are decimal strings,
//   {program, inputs, zkey}  → {proof, publicSignals} by snarkjs   or anything else that a test wants refused
// What is refused gives {error}; anything else that goes wrong gives {bug}.
import { createInterface } from "node:readline";
import { computeWitness, loadProgram, toWtns, WitnessError } from "../../web/witness.mjs";

const programs = new Map();

function load(encoded) {
  if (!programs.has(encoded)) programs.set(encoded, loadProgram(new Uint8Array(Buffer.from(encoded, "base64"))));
  return programs.get(encoded);
}

async function answer({ program, inputs, zkey }) {
  try {
    const witness = computeWitness(load(program), inputs);
    if (!zkey) return { witness: witness.map(String) };
    const { groth16 } = await import("snarkjs");
    return await groth16.prove(zkey, { type: "mem", data: toWtns(witness) });
  } catch (error) {
    return error instanceof WitnessError ? { error: error.message } : { bug: String(error.stack) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
process.exit(0); // snarkjs leaves worker threads behind
