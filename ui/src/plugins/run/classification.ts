// KFP's ClassificationMetrics as its SDK writes them into metadata: `confidenceMetrics` is a ROC
// curve, `confusionMatrix` what its name says. Pure; what has another shape stays in `rest`.

export interface RocPoint {
  false_positive_rate: number;
  recall: number;
  threshold: number;
}

export interface Confusion {
  labels: string[];
  rows: number[][]; // true label by predicted label
}

export interface Classification {
  roc: RocPoint[] | undefined;
  confusion: Confusion | undefined;
  rest: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

function is_fields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

// KFP keeps some values one level deeper, below `struct` or `list`.
function list_in(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (is_fields(value)) return list_in(value['list'] ?? value['struct']);
  return undefined;
}

function roc_of(value: unknown): RocPoint[] | undefined {
  const list = list_in(value);
  if (!list || list.length === 0) return undefined;
  const points: RocPoint[] = [];
  for (const one of list) {
    if (!is_fields(one)) return undefined;
    const [x, y, at] = [one['falsePositiveRate'], one['recall'], one['confidenceThreshold']];
    if (typeof x !== 'number' || typeof y !== 'number') return undefined;
    points.push({
      false_positive_rate: x,
      recall: y,
      threshold: typeof at === 'number' ? at : NaN,
    });
  }
  return points.sort(
    (a, b) => a.false_positive_rate - b.false_positive_rate || a.recall - b.recall,
  );
}

function confusion_of(value: unknown): Confusion | undefined {
  const matrix = is_fields(value) && is_fields(value['struct']) ? value['struct'] : value;
  if (!is_fields(matrix)) return undefined;
  const specs = list_in(matrix['annotationSpecs']);
  const rows = list_in(matrix['rows']);
  if (!specs || !rows || rows.length === 0) return undefined;
  const labels = specs.map((spec) => String(is_fields(spec) ? (spec['displayName'] ?? '') : spec));
  const numbers = rows.map((row) => list_in(is_fields(row) ? row['row'] : row) ?? []);
  const whole = numbers.every(
    (row) => row.length === labels.length && row.every((cell) => typeof cell === 'number'),
  );
  if (!whole || numbers.length !== labels.length) return undefined;
  return { labels, rows: numbers as number[][] };
}

export function classification_of(metadata: Fields): Classification {
  const rest = { ...metadata };
  const roc = roc_of(metadata['confidenceMetrics']);
  const confusion = confusion_of(metadata['confusionMatrix']);
  if (roc) delete rest['confidenceMetrics'];
  if (confusion) delete rest['confusionMatrix'];
  return { roc, confusion, rest };
}

// Area under the curve, by trapezoids, from (0, 0) to (1, 1).
export function area_under(points: readonly RocPoint[]): number {
  let area = 0;
  let [x, y] = [0, 0];
  for (const point of [...points, { false_positive_rate: 1, recall: 1 }]) {
    area += ((point.false_positive_rate - x) * (point.recall + y)) / 2;
    [x, y] = [point.false_positive_rate, point.recall];
  }
  return area;
}
