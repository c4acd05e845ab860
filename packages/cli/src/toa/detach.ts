import type { Command } from "../command.ts";
import { CHAIN, removeFilter } from "./node-filter.ts";

/** For after a hard death of `toa attach`: the kernel has undone the attachment by itself, the filter stays. */
export const detach: Command = {
  summary: "remove the filter that a killed `toa attach` has left at this node",
  options: {},
  run: async (_given, terminal) => {
    terminal.out(removeFilter() ? `removed chain ${CHAIN}` : `there is no chain ${CHAIN} here`);
    return 0;
  },
};
