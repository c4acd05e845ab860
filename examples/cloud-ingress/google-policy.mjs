// Google's external Application Load Balancer appends the client and, behind it, its own address: the client is the second from the right.
import { compilePolicy } from "@wherefrom/core";
import { googleLoadBalancer } from "@wherefrom/core/presets";

// The documented sources of global load balancers, unless BALANCER names the proxy-only subnet of a regional one.
const { BALANCER } = process.env;

export const policy = compilePolicy({
  rules: [googleLoadBalancer(BALANCER === undefined ? {} : { peers: BALANCER.split(",") })],
  infrastructure: ["10.244.0.0/16"],
});
