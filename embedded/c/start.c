/* Start-up code, printing and stopping for a C program without a system, on the machines of embedded/run. */
#include <stdint.h>

int main(void);
void print(const char *text);

#if defined(__arm__)

/* Semihosting: the debugger, or QEMU, prints and stops. */
static void semihosting(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void print(const char *text) { semihosting(4, text); }

static void stop(int failed) {
  for (;;) {
    semihosting(0x18, (const void *)(uintptr_t)(failed ? 0x20023 : 0x20026));
  }
}

extern uint32_t _sbss, _ebss, _sdata, _edata, _sidata, _stack_start;

void reset(void) {
  const uint32_t *from = &_sidata;
  uint32_t *to;
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* CPACR: floating point on */
  __asm__ volatile("dsb\nisb");
  for (to = &_sdata; to < &_edata; to++) {
    *to = *from++;
  }
  for (to = &_sbss; to < &_ebss; to++) {
    *to = 0;
  }
  stop(main());
}

static void fault(void) {
  print("fault\n");
  stop(1);
}

/* The initial stack pointer, reset, and everything else a fault. */
__attribute__((section(".vector_table"), used)) static const void *const vectors[16] = {
    &_stack_start, (const void *)reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault};

#elif defined(__riscv)

__asm__(".section .init, \"ax\"\n"
        ".global _start\n"
        "_start:\n"
        "la sp, _stack_start\n"
        "li t0, 0x2000\n" /* mstatus.FS: floating point on */
        "csrs mstatus, t0\n"
        "la t0, _sbss\n"
        "la t1, _ebss\n"
        "1: bgeu t0, t1, 2f\n"
        "sw zero, 0(t0)\n"
        "addi t0, t0, 4\n"
        "j 1b\n"
        "2: call main\n"
        "li t0, 0x5555\n" /* the test device: success */
        "beqz a0, 3f\n"
        "li t0, 0x13333\n" /* failure */
        "3: li t1, 0x100000\n"
        "sw t0, 0(t1)\n"
        "j 3b\n");

void print(const char *text) {
  for (; *text != 0; text++) {
    *(volatile char *)0x10000000 = *text;
  }
}

#elif defined(__wasm__)

__attribute__((import_module("host"), import_name("print"))) void host_print(const char *text, uintptr_t length);

void print(const char *text) {
  uintptr_t length = 0;
  while (text[length] != 0) {
    length++;
  }
  host_print(text, length);
}

__attribute__((export_name("start"))) void start(void) {
  if (main() != 0) {
    __builtin_trap();
  }
}

#else
#error "start.c knows the Cortex-M4F, RISC-V and WebAssembly"
#endif
