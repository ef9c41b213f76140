// Keeps the place in something that scrolls: what stood at the top still does when the window changes its size.

/**
 * @param {HTMLElement} scroller
 * @param {string} parts selects what can stand at the top
 * @param {() => boolean} [elsewhere] true while something else decides where to scroll to
 */
export function keepPlace(scroller, parts, elsewhere = () => false) {
  /** @type {{node: Element, at: number} | null} the part at the top, and where it stood below the scroller's edge */
  let top = null;
  let width = 0;
  const from = (node) => node.getBoundingClientRect().top - scroller.getBoundingClientRect().top;

  function note() {
    const node = [...scroller.querySelectorAll(parts)].find((each) => from(each) + each.getBoundingClientRect().height > 0);
    top = node ? { node, at: from(node) } : null;
  }

  scroller.addEventListener("scroll", () => scroller.clientWidth === width && note(), { passive: true });
  new ResizeObserver(() => {
    const changed = scroller.clientWidth !== width;
    width = scroller.clientWidth;
    if (width === 0) return; // it is hidden: the place is kept until it is shown again
    if (changed && top?.node.isConnected && !elsewhere()) scroller.scrollTop += from(top.node) - top.at;
    else note();
  }).observe(scroller);
}
