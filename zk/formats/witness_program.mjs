// Runs a witness program (zk/formats/program_file.py) with named inputs; gives every wire as a BigInt.
// Equal to zk/circuit/program.py, pinned by tests/zk/test_program.py. Trusts neither program nor inputs: the
// constraints are checked by whoever proves.

export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** The program with its coefficients as numbers; do this once. */
export function loadProgram(document) {
  if (document.format !== "tohyo-witness-program/1") throw new Error("not a witness program");
  const combinations = document.combinations.map((terms) => terms.map(([wire, value]) => [wire, BigInt(value)]));
  return { ...document, combinations };
}

/** All wires, in order, from `inputs` (name → decimal string, number or BigInt). */
export function runProgram(program, inputs) {
  const witness = new Array(program.wires).fill(0n);
  witness[0] = 1n;
  program.inputs.forEach((name, i) => {
    if (!(name in inputs)) throw new Error(`missing input ${name}`);
    witness[i + 1] = BigInt(inputs[name]);
  });
  const sum = (index) => {
    let total = 0n;
    for (const [wire, coefficient] of program.combinations[index]) total += coefficient * witness[wire];
    return total % R;
  };
  const known = new Map();
  const value = (index) => {
    if (!known.has(index)) known.set(index, sum(index));
    return known.get(index);
  };
  for (const [operation, wire, left, right, rest] of program.steps) {
    if (operation === "product") witness[wire] = modulo(value(left) * value(right) - sum(rest));
    else if (operation === "inverse") witness[wire] = power(value(left), R - 2n);
    else if (operation === "quotient") witness[wire] = (value(left) * power(value(right), R - 2n)) % R;
    else if (operation === "bits") {
      for (let i = 0; i < right; i += 1) witness[wire + i] = (value(left) >> BigInt(i)) & 1n;
    } else throw new Error(`unknown operation ${operation}`);
  }
  return witness;
}

function modulo(value) {
  const rest = value % R;
  return rest < 0n ? rest + R : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % R) {
    if (rest & 1n) result = (result * square) % R;
  }
  return result;
}

/** A `.wtns` file (version 2), as snarkjs reads it. */
export function packWitness(witness) {
  const bytes = new Uint8Array(76 + 32 * witness.length);
  const view = new DataView(bytes.buffer);
  const number = (at, value) => view.setUint32(at, value, true);
  const element = (at, value) => {
    for (let i = 0; i < 4; i += 1) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
  };
  bytes.set([0x77, 0x74, 0x6e, 0x73]);
  [2, 2, 1, 40, 0, 32].forEach((value, i) => number(4 + 4 * i, value));
  element(28, R);
  [witness.length, 2, 32 * witness.length, 0].forEach((value, i) => number(60 + 4 * i, value));
  witness.forEach((value, i) => element(76 + 32 * i, value));
  return bytes;
}
