// Converts IP protocol 248 at an interface of its namespace for as long as it runs; says what became of it.
import { convertProtocol248 } from "@wherefrom/dgram";

const { interfaceName } = JSON.parse(process.argv[2]);
process.stdout.write(`${JSON.stringify(convertProtocol248(interfaceName))}\n`);
process.stdin.on("end", () => process.exit()).resume();
