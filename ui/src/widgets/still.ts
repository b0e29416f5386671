// A picture that stays for as long as it does. What a 2D canvas holds the browser copies for each
// frame of the page, whatever changed there; a bitmap only when it is another one.

export function show_still(element: HTMLCanvasElement, sheet: OffscreenCanvas): void {
  if (element.width !== sheet.width) element.width = sheet.width;
  if (element.height !== sheet.height) element.height = sheet.height;
  element.getContext('bitmaprenderer')!.transferFromImageBitmap(sheet.transferToImageBitmap());
}

const kStillAfterMs = 150; // without a change; making the picture costs as much as drawing it

// Covers a canvas that somebody else draws on with a picture of it, while nothing is drawn there.
export class Still {
  private readonly cover = document.createElement('canvas');
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.cover.className = 'still';
    this.cover.style.visibility = 'hidden';
    canvas.after(this.cover);
  }

  // After each drawing.
  drawn(): void {
    if (this.canvas.style.visibility === 'hidden') this.swap(this.cover, this.canvas);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.take(), kStillAfterMs);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private take(): void {
    const { width, height } = this.canvas;
    if (width === 0 || height === 0) return;
    const sheet = new OffscreenCanvas(width, height);
    sheet.getContext('2d')!.drawImage(this.canvas, 0, 0);
    show_still(this.cover, sheet);
    this.swap(this.canvas, this.cover);
  }

  private swap(from: HTMLCanvasElement, to: HTMLCanvasElement): void {
    from.style.visibility = 'hidden';
    to.style.visibility = '';
  }
}
