// A layer-4 balancer that writes TOA, behind nodes with source NAT.
import { compilePolicy } from "@wherefrom/core";

const NODES = (process.env.NODES ?? "10.0.0.0/16").split(",");
const PODS = (process.env.PODS ?? "10.244.0.0/16").split(",");

export const policy = compilePolicy({
  // Behind a node's source NAT the node is the peer, and its own address towards a Pod is one of the Pods' range.
  trust: [...NODES, ...PODS],
  from: "toa",
  infrastructure: [...NODES, ...PODS],
  // True where the agent of examples/toa-agent runs on every node with --trust. Without it any client chooses its address.
  nodesFilterToa: true,
});
