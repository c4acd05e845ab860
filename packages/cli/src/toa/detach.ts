import type { Command } from "../terminal/command.ts";
import { CHAIN, removeFilter } from "./node-filter.ts";
import { PIN_PATH, removePins } from "./pin-directory.ts";

/** For what was pinned, and for after a hard death of `toa attach`: the kernel has undone that attachment by itself, the filter stays. */
export const detach: Command = {
  summary: "remove the pins of `toa attach --pin` and its iptables filter on this node",
  options: { pin: { type: "string", value: "DIRECTORY", description: `directory of the pins; default ${PIN_PATH}` } },
  run: async ({ values }, terminal) => {
    const path = values["pin"] ?? PIN_PATH;
    const pins = removePins(path);
    terminal.out(
      pins === 0 ? `nothing is pinned in ${path}` : `removed ${pins} pins from ${path}; their programs are detached`,
    );
    terminal.out(removeFilter() ? `removed chain ${CHAIN}` : `there is no chain ${CHAIN} here`);
    return 0;
  },
};
