import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that signed itself, and its key, as files in PEM. */
export interface Certificate {
  /** For clients that shall accept it. */
  readonly text: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Both in one file, as HAProxy wants them. */
  readonly bundleFile: string;
  readonly remove: () => void;
}

/** For servers with these IP addresses or names; valid for a day. Needs the program openssl. */
export function makeCertificate(addresses: readonly string[]): Certificate {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-certificate-"));
  const [keyFile, certificateFile, bundleFile] = ["key", "certificate", "bundle"].map((name) =>
    join(directory, `${name}.pem`),
  ) as [string, string, string];
  const names = addresses.map((address) => `${isIP(address) === 0 ? "DNS" : "IP"}:${address}`).join(",");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyFile];
  const subject = ["-subj", "/CN=wherefrom", "-addext", `subjectAltName=${names}`];
  execFileSync("openssl", ["req", "-x509", ...key, "-days", "1", ...subject, "-out", certificateFile], {
    stdio: "pipe",
  });
  const text = readFileSync(certificateFile, "utf8");
  writeFileSync(bundleFile, text + readFileSync(keyFile, "utf8"), { mode: 0o600 });
  return { text, certificateFile, keyFile, bundleFile, remove: () => rmSync(directory, { recursive: true }) };
}
