// Computes a witness from named inputs by running a witness program: the file that zk/formats/program_file.py
// writes and describes byte by byte. No dependency; runs in a browser and in Node.
//
//   const program = loadProgram(bytes);              // once
//   const witness = computeWitness(program, inputs); // every wire as a BigInt; secret, as the inputs are
//   const wtns = toWtns(witness);                    // what snarkjs.groth16.prove takes
//
//   file     "twpg" · version u32 · wires · public · input names · numbers · sums · steps
//   steps    0 product a b · 1 remainder a b c · 2 inverse a · 3 quotient a b · 4 bits a count
//
// Equal to zk/circuit/program.py, held so by tests/web/test_witness.py. Trusts neither program nor inputs: what
// is malformed raises a WitnessError, which repeats no value of an input. Whether the statement is true it does
// not say: the constraints decide, in the prover.

export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
export const VERSION = 1;

const PRODUCT = 0, REMAINDER = 1, INVERSE = 2, QUOTIENT = 3, BITS = 4;
const ELEMENT_BYTES = 32;
const MOST_BITS = 254;
const MOST_DIGITS = 77;

/** A program or an input that no witness can be computed from. */
export class WitnessError extends Error {
  name = "WitnessError";
}

/** Reads a program (Uint8Array or ArrayBuffer) and checks all of it. */
export function loadProgram(bytes) {
  const whole = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (!(whole instanceof Uint8Array)) throw new WitnessError("a program is a Uint8Array or an ArrayBuffer");
  const reader = new Reader(whole);
  if (String.fromCharCode(...reader.take(4)) !== "twpg") throw new WitnessError("this is no witness program");
  const version = reader.u32();
  if (version !== VERSION) throw new WitnessError(`the program has version ${version}, not ${VERSION}`);
  const wires = reader.varint(), publicInputs = reader.varint();
  const inputs = reader.list(() => reader.text());
  const numbers = reader.list(() => reader.element());
  const sums = reader.list(() => readSum(reader, numbers));
  const steps = readSteps(reader, sums, inputs.length + 1, wires);
  reader.requireEnd();
  if (publicInputs > inputs.length) throw new WitnessError("the program has more public inputs than inputs");
  if (new Set(inputs).size !== inputs.length) throw new WitnessError("the program names an input twice");
  return Object.freeze({ wires, publicInputs, inputs, sums, steps });
}

/** Every wire, in order, from `inputs`: name → BigInt, whole number, or decimal string, each below R. */
export function computeWitness(program, inputs) {
  if (typeof inputs !== "object" || inputs === null) throw new WitnessError("inputs are an object");
  const unknown = Object.keys(inputs).filter((name) => !program.inputs.includes(name));
  const missing = program.inputs.filter((name) => !Object.hasOwn(inputs, name));
  if (missing.length) throw new WitnessError(`missing inputs: ${missing.join(", ")}`);
  if (unknown.length) throw new WitnessError(`unknown inputs: ${unknown.join(", ")}`);
  const witness = [1n, ...program.inputs.map((name) => fieldElement(inputs[name], name))];
  const known = new Array(program.sums.length);
  const value = (place) => (known[place] ??= modulo(total(program.sums[place], witness)));
  for (const { code, a, b, c, count } of program.steps) {
    if (code === PRODUCT) witness.push((value(a) * value(b)) % R);
    else if (code === REMAINDER) witness.push(modulo(value(a) * value(b) - value(c)));
    else if (code === INVERSE) witness.push(inverseOrZero(value(a)));
    else if (code === QUOTIENT) witness.push((value(a) * inverseOrZero(value(b))) % R);
    else for (let i = 0n; i < count; i += 1n) witness.push((value(a) >> i) & 1n);
  }
  return witness;
}

/** A witness as the bytes of a `.wtns` file, version 2: snarkjs takes them as `{ type: "mem", data }`. */
export function toWtns(witness) {
  const bytes = new Uint8Array(76 + ELEMENT_BYTES * witness.length);
  const view = new DataView(bytes.buffer);
  const number = (at, value) => view.setUint32(at, value, true);
  const element = (at, value) => {
    for (let i = 0; i < 4; i += 1) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
  };
  bytes.set([0x77, 0x74, 0x6e, 0x73]);
  [2, 2, 1, 40, 0, ELEMENT_BYTES].forEach((value, i) => number(4 + 4 * i, value));
  element(28, R);
  [witness.length, 2, ELEMENT_BYTES * witness.length, 0].forEach((value, i) => number(60 + 4 * i, value));
  witness.forEach((value, i) => element(76 + ELEMENT_BYTES * i, value));
  return bytes;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  take(size) {
    if (size > this.bytes.length - this.position) throw new WitnessError("the program is cut short");
    this.position += size;
    return this.bytes.subarray(this.position - size, this.position);
  }

  byte() {
    if (this.position >= this.bytes.length) throw new WitnessError("the program is cut short");
    return this.bytes[this.position++];
  }

  u32() {
    return this.take(4).reduceRight((high, byte) => high * 256 + byte, 0);
  }

  varint() {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new WitnessError("the program has a number of more than five bytes");
  }

  element() {
    const value = this.take(ELEMENT_BYTES).reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n);
    if (value >= R) throw new WitnessError("the program has a coefficient that is not below r");
    return value;
  }

  text() {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(this.varint()));
    } catch (error) {
      throw error instanceof WitnessError ? error : new WitnessError("an input's name is not UTF-8");
    }
  }

  list(readOne) {
    const count = this.varint();
    if (count > this.bytes.length) throw new WitnessError("the program is cut short");
    const items = new Array(count);
    for (let i = 0; i < count; i += 1) items[i] = readOne();
    return items;
  }

  requireEnd() {
    if (this.position !== this.bytes.length) throw new WitnessError("the program has bytes after its end");
  }
}

/** Wires and coefficients of a sum, and the highest of the wires. */
function readSum(reader, numbers) {
  const wires = [], coefficients = [];
  let highest = 0;
  reader.list(() => {
    const wire = reader.varint();
    wires.push(wire);
    coefficients.push(at(numbers, reader.varint(), "coefficient"));
    if (wire > highest) highest = wire;
  });
  return { wires, coefficients, highest };
}

/** Steps that compute the wires from `first` on, each from sums of wires before it. */
function readSteps(reader, sums, first, wires) {
  let next = first;
  const readPlace = () => {
    const place = reader.varint();
    if (at(sums, place, "sum").highest >= next) throw new WitnessError(`wire ${next} needs a wire of the future`);
    return place;
  };
  const steps = reader.list(() => {
    const code = reader.byte();
    if (code > BITS) throw new WitnessError(`the program has an unknown operation ${code}`);
    const step = { code, a: readPlace(), b: 0, c: 0, count: 0n };
    if (code === PRODUCT || code === REMAINDER || code === QUOTIENT) step.b = readPlace();
    if (code === REMAINDER) step.c = readPlace();
    const count = code === BITS ? reader.varint() : 1;
    if (count < 1 || count > MOST_BITS) throw new WitnessError(`wire ${next} begins ${count} bits`);
    step.count = BigInt(count);
    next += count;
    return step;
  });
  if (next !== wires) throw new WitnessError(`the program computes ${next} wires, not ${wires}`);
  return steps;
}

function at(list, place, what) {
  if (place >= list.length) throw new WitnessError(`the program has no ${what} ${place}`);
  return list[place];
}

function total({ wires, coefficients }, witness) {
  let sum = 0n;
  for (let i = 0; i < wires.length; i += 1) {
    sum += coefficients[i] === 1n ? witness[wires[i]] : coefficients[i] * witness[wires[i]];
  }
  return sum;
}

function modulo(value) {
  const rest = value % R;
  return rest < 0n ? rest + R : rest;
}

/** 1/x by Euclid's extended algorithm: in each line, old = x·oldFactor modulo R. */
function inverseOrZero(x) {
  let [old, rest, oldFactor, factor] = [R, x, 0n, 1n];
  while (rest) {
    const quotient = old / rest;
    [old, rest] = [rest, old - quotient * rest];
    [oldFactor, factor] = [factor, oldFactor - quotient * factor];
  }
  return x ? modulo(oldFactor) : 0n;
}

/** An input as a BigInt; the message names it without its value, which may be a secret. */
function fieldElement(given, name) {
  const isNumber = typeof given === "bigint" || Number.isSafeInteger(given);
  const isDigits = typeof given === "string" && given.length <= MOST_DIGITS && /^[0-9]+$/.test(given);
  if (!isNumber && !isDigits) throw new WitnessError(`${name} is not a whole number`);
  const value = BigInt(given);
  if (value < 0n || value >= R) throw new WitnessError(`${name} is not in [0, r)`);
  return value;
}
