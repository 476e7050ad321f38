// Milliseconds that web/witness.mjs takes: to load a program, and for each of several witnesses.
//   node bench/zk_witness.mjs vote.program inputs.json repeats
// Prints [load, first witness, second, …]; the first one of a process meets code that nothing has warmed up.
import { readFileSync } from "node:fs";
import { computeWitness, loadProgram, toWtns } from "../web/witness.mjs";

const [programPath, inputsPath, repeats] = process.argv.slice(2);
const inputs = JSON.parse(readFileSync(inputsPath, "utf8"));
const milliseconds = [];
let start = performance.now();
const lap = () => {
  milliseconds.push(performance.now() - start);
  start = performance.now();
};
const program = loadProgram(new Uint8Array(readFileSync(programPath)));
lap();
for (let i = 0; i < Number(repeats); i += 1) {
  toWtns(computeWitness(program, inputs));
  lap();
}
console.log(JSON.stringify(milliseconds));
