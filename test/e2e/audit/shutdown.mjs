// node shutdown.mjs FILE WAY: writes a thousand lines and ends in that way, or waits for a signal.
import { closeOnShutdown, jsonLines } from "@wherefrom/audit";

const [path, way] = process.argv.slice(2);
const sink = jsonLines(path, { lingerMs: 1000 });
closeOnShutdown(sink);
for (let n = 0; n < 1000; n++) sink.write(`{"n":${n}}`);
if (way !== "end") setInterval(() => {}, 1000);
if (way === "listener") process.on("SIGTERM", () => void sink.close().then(() => process.exit(7)));
process.stdout.write("ready");
