// Node's own resolver asks the server: directly, and through a balancer, which one policy believes and the other does not.
import { Resolver } from "node:dns/promises";
import { startBalancer } from "./balancer.mjs";
import { startServer } from "./server.mjs";

/** Who asks, and where the balancer is: any address of 127.0.0.0/8 is this machine's. */
const VISITOR = "127.0.0.9";
const BALANCER = "127.0.0.1";

async function ask(port) {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  resolver.setLocalAddress(VISITOR);
  const [texts] = await resolver.resolveTxt("whoami.example");
  return texts.join(", ");
}

for (const [title, udp, trust] of [
  ["nothing in front", undefined, "trust=nobody"],
  ["a balancer that the policy believes", "spp", `trust=${BALANCER} from=spp`],
  ["a balancer that it does not", "spp", "trust=192.0.2.1 from=spp"],
]) {
  const server = await startServer({ host: "127.0.0.1", port: 0, udp, trust });
  const upstream = server.address();
  const balancer = udp === undefined ? undefined : await startBalancer({ host: BALANCER, upstream });
  const said = await ask((balancer ?? upstream).port).catch(({ code }) => `no answer (${code})`);
  console.log(`${title}: ${said}`);
  balancer?.close();
  server.close();
}
