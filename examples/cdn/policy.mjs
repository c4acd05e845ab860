// A CDN in front of the cloud's layer-7 balancer: two machines that say different things.
import { compilePolicy } from "@wherefrom/core";

const { BALANCER = "10.0.8.0/24", CDN = "192.0.2.0/24", ORIGIN_SECRET } = process.env;

export const policy = compilePolicy({
  rules: [
    { name: "balancer", peers: BALANCER.split(","), says: "x-forwarded-for" },
    // Its ranges serve all of its customers: only what our own zone sends proves that a request came by our zone.
    {
      name: "cdn",
      peers: CDN.split(","),
      says: "cf-connecting-ip",
      with: { header: "x-origin-secret", equals: ORIGIN_SECRET },
    },
  ],
  infrastructure: ["10.244.0.0/16"],
});
