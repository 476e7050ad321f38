// Answers questions with circomlibjs and blake-hash, independently of this repository's Python.
//   echo '[["mimcSponge", ["1", "2"], "0", 1]]' | node tests/zk/circomlib/oracle.cjs
// Numbers are decimal strings, points pairs of them, bytes hexadecimal after 0x. One answer for each question, in order.
"use strict";

const fs = require("node:fs");
const blakeHash = require("blake-hash");
const { buildEddsa } = require("circomlibjs");

function operations(eddsa) {
  const { F, babyJub, pedersenHash } = eddsa;
  const text = (x) => F.toString(x);
  const elements = (numbers) => numbers.map((x) => F.e(x));
  const point = (p) => [F.e(p[0]), F.e(p[1])];
  const shown = (p) => (p === null ? null : p.map(text));
  const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
  const bytes = (digits) => Uint8Array.from(Buffer.from(digits.slice(2), "hex"));
  const blake = (name, message) => hex(blakeHash(name).update(Buffer.from(bytes(message))).digest());
  const signature = (r8, s) => ({ R8: point(r8), S: BigInt(s) });
  return {
    blake256: (message) => blake("blake256", message),
    blake512: (message) => blake("blake512", message),
    mimcSpongeConstants: () => eddsa.mimcSponge.cts.map(text),
    mimc7Constants: () => eddsa.mimc7.cts.map(text),
    mimcFeistel: (left, right, key) => {
      const { xL, xR } = eddsa.mimcSponge.hash(F.e(left), F.e(right), F.e(key));
      return [text(xL), text(xR)];
    },
    mimcSponge: (inputs, key, outputs) => {
      const squeezed = eddsa.mimcSponge.multiHash(elements(inputs), F.e(key), Number(outputs));
      return Number(outputs) === 1 ? [text(squeezed)] : squeezed.map(text);
    },
    mimc7: (x, key) => text(eddsa.mimc7.hash(F.e(x), F.e(key))),
    mimc7Multi: (inputs, key) => text(eddsa.mimc7.multiHash(elements(inputs), F.e(key))),
    add: (p, q) => shown(babyJub.addPoint(point(p), point(q))),
    scale: (p, scalar) => shown(babyJub.mulPointEscalar(point(p), BigInt(scalar))),
    inCurve: (p) => babyJub.inCurve(point(p)),
    inSubgroup: (p) => babyJub.inSubgroup(point(p)),
    pack: (p) => hex(babyJub.packPoint(point(p))),
    unpack: (packed) => shown(babyJub.unpackPoint(bytes(packed))),
    pedersenGenerator: (segment) => shown(pedersenHash.getBasePoint("blake", segment)),
    pedersen: (message) => shown(babyJub.unpackPoint(pedersenHash.hash(bytes(message)))),
    publicKey: (seed) => shown(eddsa.prv2pub(bytes(seed))),
    sign: (seed, message) => {
      const { R8, S } = eddsa.signPoseidon(bytes(seed), F.e(message));
      return [shown(R8), S.toString()];
    },
    packSignature: (r8, s) => hex(eddsa.packSignature(signature(r8, s))),
    verify: (key, message, r8, s) => eddsa.verifyPoseidon(F.e(message), signature(r8, s), point(key)),
  };
}

async function main() {
  const answers = operations(await buildEddsa());
  const questions = JSON.parse(fs.readFileSync(0, "utf8"));
  console.log(JSON.stringify(questions.map(([name, ...rest]) => answers[name](...rest))));
  process.exit(0); // ffjavascript's workers would keep node alive
}

main();
