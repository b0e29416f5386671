import { expect, test } from 'vitest';
import { area_under, classification_of } from './classification';

// As kfp 2.17 writes them: log_roc_curve() and log_confusion_matrix().
const roc = [
  { confidenceThreshold: 0.9, falsePositiveRate: 0, recall: 0.5 },
  { confidenceThreshold: 0.1, falsePositiveRate: 0.5, recall: 1 },
];
const matrix = {
  annotationSpecs: [{ displayName: 'malignant' }, { displayName: 'benign' }],
  rows: [{ row: [51, 2] }, { row: [0, 90] }],
};

test('curve and matrix are found, other values stay', () => {
  const found = classification_of({ confidenceMetrics: roc, confusionMatrix: matrix, note: 'x' });
  expect(found.roc?.map((point) => point.recall)).toEqual([0.5, 1]);
  expect(found.confusion).toEqual({
    labels: ['malignant', 'benign'],
    rows: [
      [51, 2],
      [0, 90],
    ],
  });
  expect(found.rest).toEqual({ note: 'x' });
});

test('the same below list and struct, as the metadata store keeps them', () => {
  const found = classification_of({
    confidenceMetrics: { list: roc },
    confusionMatrix: { struct: matrix },
  });
  expect(found.roc).toHaveLength(2);
  expect(found.confusion?.labels).toEqual(['malignant', 'benign']);
});

test('what has another shape is shown as it is', () => {
  const odd = {
    confidenceMetrics: [{ recall: 'high' }],
    confusionMatrix: { annotationSpecs: [{ displayName: 'a' }], rows: [{ row: [1, 2] }] },
  };
  expect(classification_of(odd)).toEqual({ roc: undefined, confusion: undefined, rest: odd });
});

test('the area under a curve, ends included', () => {
  const points = classification_of({ confidenceMetrics: roc }).roc!;
  expect(area_under(points)).toBeCloseTo(0.5 * 0.75 + 0.5);
  expect(area_under([])).toBe(0.5);
});
