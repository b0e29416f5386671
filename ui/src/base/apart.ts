// What fails of several things that are done one after the other keeps none of the others from
// being done: it is thrown a moment later, where it is told as any other error is.
export function apart(act: () => void): void {
  try {
    act();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
