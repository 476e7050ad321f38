// Prints test vectors computed by circomlibjs and ethers, independently of this repository's Python.
//   node tests/vectors/regenerate.cjs poseidon > tests/vectors/poseidon.json
//   node tests/vectors/regenerate.cjs vote     > tests/vectors/vote.json
//   echo '[["1","2"]]' | node tests/vectors/regenerate.cjs hash      digests of the given inputs
"use strict";

const fs = require("node:fs");
const { buildPoseidonReference } = require("circomlibjs");
const { utils } = require("ethers");

const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

const toField = (hex) => BigInt(hex) % R;
const tag = (use) => toField(utils.keccak256(utils.toUtf8Bytes(`tohyo.${use}.v1`)));
const sample = (label) => toField(utils.keccak256(utils.toUtf8Bytes(`sample ${label}`)));
const text = (value) => value.toString();

function poseidonVectors(hash) {
  const cases = [];
  for (let count = 1; count <= 5; count += 1) {
    const rows = [
      Array(count).fill(0n),
      Array.from({ length: count }, (_, i) => BigInt(i + 1)),
      Array(count).fill(R - 1n),
      ...[0, 1, 2].map((n) => Array.from({ length: count }, (_, i) => sample(`${count} ${n} ${i}`))),
    ];
    for (const inputs of rows) cases.push({ inputs: inputs.map(text), digest: text(hash(inputs)) });
  }
  return cases;
}

function treeLevels(hash, depth, leaves) {
  const levels = [leaves];
  let empty = tag("empty");
  for (let height = 0; height < depth; height += 1) {
    const below = levels[height];
    const above = [];
    for (let i = 0; i < below.length; i += 2) above.push(hash([below[i], i + 1 < below.length ? below[i + 1] : empty]));
    levels.push(above);
    empty = hash([empty, empty]);
  }
  return levels;
}

function pathElements(hash, levels, index) {
  const elements = [];
  let empty = tag("empty");
  for (let height = 0; height < levels.length - 1; height += 1) {
    const sibling = (index >> height) ^ 1;
    elements.push(sibling < levels[height].length ? levels[height][sibling] : empty);
    empty = hash([empty, empty]);
  }
  return elements;
}

function voteVector(hash, depth, leafIndex, size) {
  const [nullifier, secret] = [sample(`nullifier ${depth}`), sample(`secret ${depth}`)];
  const electionId = sample(`election ${depth}`);
  const ballot = { choice: 3, relayer: "0x00000000000000000000000000000000000000A1", fee: "1000" };
  const encoded = utils.defaultAbiCoder.encode(
    ["uint256", "address", "uint256"],
    [ballot.choice, ballot.relayer, ballot.fee],
  );
  const signal = toField(utils.keccak256(encoded));
  const commitment = hash([tag("commitment"), nullifier, secret]);
  const leaves = Array.from({ length: size }, (_, i) => (i === leafIndex ? commitment : sample(`leaf ${depth} ${i}`)));
  const levels = treeLevels(hash, depth, leaves);
  const root = levels[depth][0];
  const nullifierHash = hash([tag("nullifier"), nullifier, electionId]);
  return {
    depth,
    leaves: leaves.map(text),
    leafIndex,
    nullifier: text(nullifier),
    secret: text(secret),
    ...ballot,
    commitment: text(commitment),
    pathElements: pathElements(hash, levels, leafIndex).map(text),
    root: text(root),
    nullifierHash: text(nullifierHash),
    electionId: text(electionId),
    signal: text(signal),
    publicInputs: [root, nullifierHash, electionId, signal].map(text),
  };
}

function voteVectors(hash) {
  const uses = ["commitment", "nullifier", "empty"];
  return {
    domainTags: Object.fromEntries(uses.map((use) => [use, text(tag(use))])),
    votes: [voteVector(hash, 1, 0, 1), voteVector(hash, 4, 5, 7), voteVector(hash, 20, 2, 11)],
  };
}

async function main() {
  const reference = await buildPoseidonReference();
  const hash = (inputs) => BigInt(reference.F.toString(reference(inputs)));
  const print = (value) => console.log(JSON.stringify(value, null, 1));
  const kind = process.argv[2];
  if (kind === "poseidon") print(poseidonVectors(hash));
  else if (kind === "vote") print(voteVectors(hash));
  else if (kind === "hash") print(JSON.parse(fs.readFileSync(0, "utf8")).map((row) => text(hash(row.map(BigInt)))));
  else throw new Error("say poseidon, vote or hash");
}

main();
