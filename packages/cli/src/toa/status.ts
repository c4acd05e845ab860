import { once } from "node:events";
import { createServer } from "node:net";
import { isToaWatched, nativeStatus } from "@wherefrom/net";
import type { Command } from "../command.ts";

/** What a process that is started like this one can read. */
export const status: Command = {
  summary: "say whether programs are attached to this process' control group",
  options: { json: { type: "boolean", description: "one line of JSON" } },
  run: async ({ names }, terminal) => {
    const server = createServer().listen(0, "localhost");
    await once(server, "listening");
    const attached = isToaWatched(server);
    server.close();
    const { source, skipped } = nativeStatus();
    if (names.has("json")) terminal.out(JSON.stringify({ attached, native: source }));
    else if (source === "none") {
      terminal.out(`nothing can be read: ${skipped.map((each) => `${each.source}: ${each.reason}`).join("; ")}`);
    } else terminal.out(attached ? "attached: TOA is read here without rights" : "not attached to this control group");
    return attached ? 0 : 1;
  },
};
