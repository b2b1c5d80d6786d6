// Who opens a window has the keys in it, not on the first of its buttons.
import { nextTick, useTemplateRef, watch } from 'vue'

// takesKeys gives the keys to an element of the template once a window is shown.
export function takesKeys(called: string, shown: () => boolean): void {
  const el = useTemplateRef<HTMLElement>(called)
  watch(shown, (on) => on && void nextTick(() => el.value?.focus()), { immediate: true, flush: 'post' })
}
