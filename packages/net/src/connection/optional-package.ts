import { join } from "node:path";

/**
 * What `use` answers with the `require` of the first place from where it does not throw: the file that asks (`own`), then the program, then the working directory. Where the file has become a part of a bundle it has no place of
 * its own, and what is optional is beside the program or nowhere. No bundler sees the packages that are asked for so: none can take a binary along. Throws what kept one that was found from loading, else that it was not found.
 */
export function requireOptional<Answer>(own: () => string, use: (require: NodeJS.Require) => Answer): Answer {
  let absent: unknown;
  for (const placeOf of [() => ownPlace(own), () => process.argv[1], () => join(process.cwd(), "package.json")]) {
    const place = placeOf();
    if (place === undefined) continue;
    try {
      // By this name webpack does not know it, and does not read its argument as a file's.
      return use(process.getBuiltinModule("node:module").createRequire(place));
    } catch (error) {
      if (!isAbsence(error)) throw error;
      absent = error;
    }
  }
  throw absent;
}

/** Whether the error says that the package is not there. ERR_INVALID_ARG_VALUE: the program has no path, as in `node -`. */
export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "MODULE_NOT_FOUND" || code === "ERR_INVALID_ARG_VALUE";
}

/** Undefined in a bundle: of ES modules `import.meta.url` is left out, and where CommonJS has become part of an ES module there is no `__filename`, which stands for it. */
function ownPlace(own: () => string | undefined): string | undefined {
  try {
    return own();
  } catch {
    return undefined;
  }
}
