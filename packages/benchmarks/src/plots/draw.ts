import { type EChartsOption, init } from 'echarts';

const WIDTH = 720;
const HEIGHT = 360;

/** An SVG without a browser; the same figures make the same text. */
export function drawSvg(option: EChartsOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    // White, since a page may be dark; still, since a file does not move.
    chart.setOption({ backgroundColor: '#fff', animation: false, ...option });
    return `${chart.renderToSVGString()}\n`;
  } finally {
    chart.dispose();
  }
}
