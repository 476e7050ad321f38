// The statement of zk/withdraw_circuit.py built from circomlib's templates in the manner of Tornado Cash, to
// compare constraint counts and to check our public values with a circuit that is not ours.
pragma circom 2.0.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/mimcsponge.circom";
include "circomlib/circuits/pedersen.circom";

template CommitmentHasher() {
  signal input nullifier;
  signal input secret;
  signal output commitment;
  signal output nullifierHash;

  component nullifierBits = Num2Bits(248);
  component secretBits = Num2Bits(248);
  component commitmentHash = Pedersen(496);
  component nullifierHasher = Pedersen(248);
  nullifierBits.in <== nullifier;
  secretBits.in <== secret;
  for (var i = 0; i < 248; i++) {
    nullifierHasher.in[i] <== nullifierBits.out[i];
    commitmentHash.in[i] <== nullifierBits.out[i];
    commitmentHash.in[i + 248] <== secretBits.out[i];
  }
  commitment <== commitmentHash.out[0];
  nullifierHash <== nullifierHasher.out[0];
}

template Node() {
  signal input node;
  signal input sibling;
  signal input isRight;
  signal output out;

  isRight * (1 - isRight) === 0;
  component hash = MiMCSponge(2, 220, 1);
  hash.ins[0] <== (sibling - node) * isRight + node;
  hash.ins[1] <== (node - sibling) * isRight + sibling;
  hash.k <== 0;
  out <== hash.outs[0];
}

template Withdraw(depth) {
  signal input root;
  signal input nullifier_hash;
  signal input recipient;
  signal input fee;
  signal input relayer;
  signal input nullifier;
  signal input secret;
  signal input path_elements[depth];
  signal input path_bits[depth];

  component hasher = CommitmentHasher();
  hasher.nullifier <== nullifier;
  hasher.secret <== secret;
  hasher.nullifierHash === nullifier_hash;

  component nodes[depth];
  for (var i = 0; i < depth; i++) {
    nodes[i] = Node();
    nodes[i].node <== i == 0 ? hasher.commitment : nodes[i - 1].out;
    nodes[i].sibling <== path_elements[i];
    nodes[i].isRight <== path_bits[i];
  }
  nodes[depth - 1].out === root;

  signal recipientSquare;
  signal feeSquare;
  signal relayerSquare;
  recipientSquare <== recipient * recipient;
  feeSquare <== fee * fee;
  relayerSquare <== relayer * relayer;
}
