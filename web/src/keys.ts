// Who opens a window has the keys in it, not on the first of its buttons.
import { nextTick, onBeforeUnmount, onMounted, useTemplateRef, watch } from 'vue'

// takesKeys gives the keys to an element of the template once a window is shown, and again
// when something else is shown in it.
export function takesKeys(called: string, shown: () => unknown): void {
  const el = useTemplateRef<HTMLElement>(called)
  watch(shown, (what) => what && void nextTick(() => el.value?.focus()), { immediate: true, flush: 'post' })
}

// keepsKeys gives the keys, where what had them has gone, to the window that is open, and
// home where none is.
export function keepsKeys(home: () => void): void {
  function look(): void {
    if (document.activeElement !== document.body) return
    const open = [...document.querySelectorAll<HTMLElement>('[aria-modal="true"]')].at(-1) // the topmost
    if (open) (open.hasAttribute('tabindex') ? open : open.querySelector<HTMLElement>('[tabindex="-1"]'))?.focus({ preventScroll: true })
    else home()
  }
  let soon = 0
  const watcher = new MutationObserver(() => {
    if (document.activeElement !== document.body) return
    clearTimeout(soon)
    soon = window.setTimeout(look, 0) // nothing has them either while they go from one to another
  })
  onMounted(() => watcher.observe(document.body, { childList: true, subtree: true }))
  onBeforeUnmount(() => {
    watcher.disconnect()
    clearTimeout(soon)
  })
}
