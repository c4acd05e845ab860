// What an adapter costs a whole request: hello world of the framework with its own trust setting, and with the adapter. Each framework is served by a process of its own.
import { adapters } from "../../scripts/packages.mjs";
import { compareAdapter } from "../harness/request-cost.mjs";

export async function measure() {
  const rows = [];
  for (const adapter of adapters()) rows.push(...(await compareAdapter(adapter)));
  return rows;
}
