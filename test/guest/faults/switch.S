/* Loads a whole set of registers, runs code that jumps to fault_case_done, and saves the whole set. */
#include "faults.h"

    .text
    .globl run_code, fault_case_done
run_code:
    push %rbx
    push %rbp
    push %rdi
    push %rsi
    push %r12
    push %r13
    push %r14
    push %r15
    sub $168, %rsp
    movups %xmm6, 0(%rsp)
    movups %xmm7, 16(%rsp)
    movups %xmm8, 32(%rsp)
    movups %xmm9, 48(%rsp)
    movups %xmm10, 64(%rsp)
    movups %xmm11, 80(%rsp)
    movups %xmm12, 96(%rsp)
    movups %xmm13, 112(%rsp)
    movups %xmm14, 128(%rsp)
    movups %xmm15, 144(%rsp)
    mov %rsp, own_stack(%rip)
    mov %rdx, result(%rip)
    mov STATE_RIP(%rcx), %rax
    mov %rax, target(%rip)

    movups STATE_XMM+0(%rcx), %xmm0
    movups STATE_XMM+16(%rcx), %xmm1
    movups STATE_XMM+32(%rcx), %xmm2
    movups STATE_XMM+48(%rcx), %xmm3
    movups STATE_XMM+64(%rcx), %xmm4
    movups STATE_XMM+80(%rcx), %xmm5
    movups STATE_XMM+96(%rcx), %xmm6
    movups STATE_XMM+112(%rcx), %xmm7
    movups STATE_XMM+128(%rcx), %xmm8
    movups STATE_XMM+144(%rcx), %xmm9
    movups STATE_XMM+160(%rcx), %xmm10
    movups STATE_XMM+176(%rcx), %xmm11
    movups STATE_XMM+192(%rcx), %xmm12
    movups STATE_XMM+208(%rcx), %xmm13
    movups STATE_XMM+224(%rcx), %xmm14
    movups STATE_XMM+240(%rcx), %xmm15
    ldmxcsr STATE_MXCSR(%rcx)
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

fault_case_done:
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
    movups %xmm0, STATE_XMM+0(%rcx)
    movups %xmm1, STATE_XMM+16(%rcx)
    movups %xmm2, STATE_XMM+32(%rcx)
    movups %xmm3, STATE_XMM+48(%rcx)
    movups %xmm4, STATE_XMM+64(%rcx)
    movups %xmm5, STATE_XMM+80(%rcx)
    movups %xmm6, STATE_XMM+96(%rcx)
    movups %xmm7, STATE_XMM+112(%rcx)
    movups %xmm8, STATE_XMM+128(%rcx)
    movups %xmm9, STATE_XMM+144(%rcx)
    movups %xmm10, STATE_XMM+160(%rcx)
    movups %xmm11, STATE_XMM+176(%rcx)
    movups %xmm12, STATE_XMM+192(%rcx)
    movups %xmm13, STATE_XMM+208(%rcx)
    movups %xmm14, STATE_XMM+224(%rcx)
    movups %xmm15, STATE_XMM+240(%rcx)

    movups 0(%rsp), %xmm6
    movups 16(%rsp), %xmm7
    movups 32(%rsp), %xmm8
    movups 48(%rsp), %xmm9
    movups 64(%rsp), %xmm10
    movups 80(%rsp), %xmm11
    movups 96(%rsp), %xmm12
    movups 112(%rsp), %xmm13
    movups 128(%rsp), %xmm14
    movups 144(%rsp), %xmm15
    add $168, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rsi
    pop %rdi
    pop %rbp
    pop %rbx
    ret

    .bss
    .balign 8
own_stack: .skip 8
case_stack: .skip 8
result: .skip 8
target: .skip 8
