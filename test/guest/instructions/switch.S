/* Loads a whole set of registers, runs an instruction that ends at instance_done, and saves the whole set. */
#include "state.h"

    .macro each_xmm what, register, offset
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \what \n, \register, \offset
    .endr
    .endm
    .macro load_xmm n, register, offset
    movups \offset+16*\n(\register), %xmm\n
    .endm
    .macro store_xmm n, register, offset
    movups %xmm\n, \offset+16*\n(\register)
    .endm

    .text
    .globl run_code, instance_done
run_code:
    push %rbx
    push %rbp
    push %rdi
    push %rsi
    push %r12
    push %r13
    push %r14
    push %r15
    sub $264, %rsp
    each_xmm store_xmm, %rsp, 0
    mov %rsp, own_stack(%rip)
    mov %rdx, result(%rip)
    mov STATE_RIP(%rcx), %rax
    mov %rax, target(%rip)
    mov STATE_X87(%rcx), %rax
    mov %rax, with_x87(%rip)
    test %rax, %rax
    jz 1f
    fxrstor STATE_IMAGE(%rcx)
1:
    ldmxcsr STATE_MXCSR(%rcx)
    each_xmm load_xmm, %rcx, STATE_XMM
    push STATE_FLAGS(%rcx)
    popfq
    mov 0(%rcx), %rax
    mov 16(%rcx), %rdx
    mov 24(%rcx), %rbx
    mov 32(%rcx), %rsp
    mov 40(%rcx), %rbp
    mov 48(%rcx), %rsi
    mov 56(%rcx), %rdi
    mov 64(%rcx), %r8
    mov 72(%rcx), %r9
    mov 80(%rcx), %r10
    mov 88(%rcx), %r11
    mov 96(%rcx), %r12
    mov 104(%rcx), %r13
    mov 112(%rcx), %r14
    mov 120(%rcx), %r15
    mov 8(%rcx), %rcx
    jmp *target(%rip)

instance_done:
    mov %rsp, case_stack(%rip)
    mov own_stack(%rip), %rsp
    pushfq
    cld
    push %rcx
    mov result(%rip), %rcx
    mov %rax, 0(%rcx)
    mov %rdx, 16(%rcx)
    mov %rbx, 24(%rcx)
    mov %rbp, 40(%rcx)
    mov %rsi, 48(%rcx)
    mov %rdi, 56(%rcx)
    mov %r8, 64(%rcx)
    mov %r9, 72(%rcx)
    mov %r10, 80(%rcx)
    mov %r11, 88(%rcx)
    mov %r12, 96(%rcx)
    mov %r13, 104(%rcx)
    mov %r14, 112(%rcx)
    mov %r15, 120(%rcx)
    pop %rax
    mov %rax, 8(%rcx)
    pop %rax
    mov %rax, STATE_FLAGS(%rcx)
    mov case_stack(%rip), %rax
    mov %rax, 32(%rcx)
    each_xmm store_xmm, %rcx, STATE_XMM
    stmxcsr STATE_MXCSR(%rcx)
    ldmxcsr usual_mxcsr(%rip)
    cmpq $0, with_x87(%rip)
    je 1f
    fxsave STATE_IMAGE(%rcx)
    fninit
1:
    each_xmm load_xmm, %rsp, 0
    add $264, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rsi
    pop %rdi
    pop %rbp
    pop %rbx
    ret

    .section .rdata,"dr"
usual_mxcsr: .long 0x1f80

    .bss
    .balign 8
own_stack: .skip 8
case_stack: .skip 8
result: .skip 8
target: .skip 8
with_x87: .skip 8
