// An application that must not run uncovered.
import "@wherefrom/auto/required";

process.stdout.write("covered\n");
