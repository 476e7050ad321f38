// What `snarkjs groth16 fullprove` does, for a circuit that circom did not compile: compute the witness, prove.
//   node bench/zk_snarkjs.mjs vote.program inputs.json circuit.zkey repeats
// Prints the milliseconds of each repeat; the first one pays for loading, as a command does.
import { readFileSync } from "node:fs";
import { groth16 } from "snarkjs";
import { computeWitness, loadProgram, toWtns } from "../web/witness.mjs";

const [programPath, inputsPath, zkey, repeats] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const program = loadProgram(new Uint8Array(readFileSync(programPath)));
const milliseconds = [];
for (let i = 0; i < Number(repeats); i += 1) {
  const start = performance.now();
  const witness = toWtns(computeWitness(program, read(inputsPath)));
  await groth16.prove(zkey, { type: "mem", data: witness });
  milliseconds.push(performance.now() - start);
}
console.log(JSON.stringify(milliseconds));
process.exit(0); // snarkjs leaves worker threads behind
