let pressed = false;
addEventListener('pointerdown', () => (pressed = true), true);
for (const end of ['pointerup', 'pointercancel'] as const) addEventListener(end, () => (pressed = false), true);

/**
 * Runs `then` now, or once the press that is under way has ended: what appears below a field that is left by a press would move the
 * button away from under it, and the click would be lost.
 */
export function afterPress(then: () => void): void {
  if (!pressed) {
    then();
    return;
  }
  addEventListener('pointerup', () => setTimeout(then), { once: true });
}
