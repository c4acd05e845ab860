import { invalidPolicy, isOptionObject, nearestSpelling } from "@wherefrom/core/internal";
import type { PrefixList } from "../list/prefix-list.ts";
import { containerGateway } from "../origins/container-gateway.ts";
import { dnsList } from "../origins/dns-list.ts";
import { fileList } from "../origins/file-list.ts";
import { kubernetesNodes, kubernetesPods } from "../origins/kubernetes-list.ts";
import { urlList } from "../origins/url-list.ts";
import { vendorList } from "../origins/vendor-list.ts";

type Make = (value: never, options: never) => PrefixList;

/** What a list is made of, by the key that names its place; other keys of the object are the options of the function. */
const MAKERS: Readonly<Record<string, Make>> = {
  file: fileList satisfies Make,
  dns: dnsList satisfies Make,
  url: urlList satisfies Make,
  vendor: vendorList satisfies Make,
  kubernetesNodes: kubernetesNodes satisfies Make,
  kubernetesPods: kubernetesPods satisfies Make,
  containerGateway: containerGateway satisfies Make,
};
const NAMES = Object.keys(MAKERS);
/** These take options alone, as the value of their key. */
const WITHOUT_PLACE: readonly string[] = ["kubernetesNodes", "kubernetesPods", "containerGateway"];

/** The list that `{ "file": "/etc/proxies.txt", "within": ["private"] }` and its like describe. */
export function makeList(name: string, settings: unknown): PrefixList {
  const place = `lists.${name}`;
  if (!isOptionObject(settings)) throw invalidPolicy(`${place}: a list is written { "file": "/etc/proxies.txt" }`);
  // A vendor whose list has no URL of its own takes one: { "vendor": "azure-front-door", "url": "…" }.
  const isOption = (key: string): boolean => key === "url" && "vendor" in settings;
  const made = Object.keys(settings).filter((key) => NAMES.includes(key) && !isOption(key));
  const [key = "", ...others] = made;
  if (made.length === 0) {
    const near = Object.keys(settings)
      .map((given) => nearestSpelling(given, NAMES))
      .find((found) => found !== undefined);
    throw invalidPolicy(
      `${place}: ${near === undefined ? `one of "${NAMES.join('", "')}" says where it comes from` : `did you mean "${near}"?`}`,
    );
  }
  if (others.length > 0)
    throw invalidPolicy(`${place}: "${key}" and "${others[0]}" are two lists: give each a name of its own`);
  const { [key]: value, ...options } = settings as Record<string, unknown>;
  const make = MAKERS[key] as (...values: unknown[]) => PrefixList;
  if (!WITHOUT_PLACE.includes(key)) return make(value, options);
  const [stray] = Object.keys(options);
  if (stray === undefined) return make(value);
  throw invalidPolicy(`${place}: "${stray}" stands inside of "${key}": { "${key}": { "${stray}": … } }`);
}
