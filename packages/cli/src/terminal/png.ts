import { WherefromError } from "@wherefrom/core";

/** Pixels for each unit of the picture: sharp on a screen of today. */
const SCALE = 2;
/** What texts are drawn with, where the picture says "sans-serif". Where the system has no font at all, a PNG has no texts. */
const FONT = { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };

export const PNG_ON_TERMINAL = "--png prints a picture, which no terminal shows: send it to a file (> picture.png).";

/** An SVG picture as PNG, in its light colours. Rejects with ERR_WHEREFROM_PACKAGE_ABSENT where what draws it is not installed: it is a binary of 4 MB. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js").catch((cause: unknown) => {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      "resvg, which draws PNG, is not installed. Run npm install @resvg/resvg-js, or use --svg",
      { cause },
    );
  });
  return new Resvg(svg, { fitTo: { mode: "zoom", value: SCALE }, font: FONT }).render().asPng();
}
