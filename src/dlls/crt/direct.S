/*
 * Functions of the C runtime that translated code runs itself instead of asking the host: they take some nanoseconds
 * so, and the host takes hundreds. Leaves that leave the stack alone, so they need no unwind data. scripts/direct-code.mjs
 * makes direct-code.ts of this file. What is long goes to the host (`host`): its last bytes are the stub, and the
 * number of the service is put in there.
 *
 * No access leaves the page of a byte that the function may touch, and the first byte is touched first, so that a fault
 * has the address that Windows reports. Plain integer instructions only: SSE would be more to load at every start.
 */
    .intel_syntax noprefix
    .text
    .set LONGEST, 1024
    .set ONES, 0x0101010101010101
    .set TOPS, 0x8080808080808080

    .macro host
    mov eax, 0
    syscall
    ret
    .endm

/* rax = dest; rcx = dest, rdx = src, r8 = count. Loads come before stores wherever both may overlap. */
    .globl memmove
memmove:
    mov rax, rcx
    cmp r8, 16
    jbe 3f
    cmp r8, LONGEST
    ja 7f
    mov r9, rcx
    sub r9, rdx
    cmp r9, r8
    jb 2f
1:  mov r9, [rdx]
    mov r10, [rdx + 8]
    mov [rcx], r9
    mov [rcx + 8], r10
    add rdx, 16
    add rcx, 16
    sub r8, 16
    cmp r8, 16
    ja 1b
    jmp 3f
    /* dest lies above src, inside of it: downwards. */
2:  mov r9, [rdx + r8 - 8]
    mov r10, [rdx + r8 - 16]
    mov [rcx + r8 - 8], r9
    mov [rcx + r8 - 16], r10
    sub r8, 16
    cmp r8, 16
    ja 2b
3:  cmp r8d, 8
    jb 4f
    mov r9, [rdx]
    mov r10, [rdx + r8 - 8]
    mov [rcx], r9
    mov [rcx + r8 - 8], r10
    ret
4:  cmp r8d, 4
    jb 5f
    mov r9d, [rdx]
    mov r10d, [rdx + r8 - 4]
    mov [rcx], r9d
    mov [rcx + r8 - 4], r10d
    ret
    /* The first, the middle and the last byte of up to three. */
5:  test r8d, r8d
    jz 6f
    movzx r9d, byte ptr [rdx]
    movzx r10d, byte ptr [rdx + r8 - 1]
    shr r8d, 1
    movzx r11d, byte ptr [rdx + r8]
    mov [rcx], r9b
    mov [rcx + r8], r11b
    adc r8, r8
    mov [rcx + r8 - 1], r10b
6:  ret
7:  host

/* rax = dest; rcx = dest, dl = value, r8 = count. */
    .globl memset
memset:
    mov rax, rcx
    cmp r8, LONGEST
    ja 6f
    movzx edx, dl
    mov r9, ONES
    imul r9, rdx
    cmp r8, 16
    jbe 2f
1:  mov [rcx], r9
    mov [rcx + 8], r9
    add rcx, 16
    sub r8, 16
    cmp r8, 16
    ja 1b
2:  cmp r8d, 8
    jb 3f
    mov [rcx], r9
    mov [rcx + r8 - 8], r9
    ret
3:  test r8d, r8d
    jz 5f
4:  mov [rcx], r9b
    inc rcx
    dec r8d
    jnz 4b
5:  ret
6:  host

/* eax = -1, 0 or 1; rcx and rdx = the blocks, r8 = count. */
    .globl memcmp
memcmp:
    cmp r8, 8
    jb 2f
1:  mov rax, [rcx]
    mov r9, [rdx]
    cmp rax, r9
    jne 4f
    add rcx, 8
    add rdx, 8
    sub r8, 8
    cmp r8, 8
    jae 1b
2:  test r8, r8
    jz 3f
    movzx eax, byte ptr [rcx]
    movzx r9d, byte ptr [rdx]
    cmp eax, r9d
    jne 5f
    inc rcx
    inc rdx
    dec r8
    jmp 2b
3:  xor eax, eax
    ret
    /* Not joined: each of the two comparisons has its own sbb, which knows by which of them CF was set. */
4:  bswap rax
    bswap r9
    cmp rax, r9
    sbb eax, eax
    or eax, 1
    ret
5:  sbb eax, eax
    or eax, 1
    ret

/* rax = length; rcx = text. Of eight bytes the first 0 is the lowest top bit of (word - ONES) & ~word & TOPS. */
    .globl strlen
strlen:
    xor eax, eax
    cmp byte ptr [rcx], 0
    je 3f
    mov r8, rcx
    mov rdx, rcx
    and rdx, -8
    /* What lies before the text counts as not 0. */
    and ecx, 7
    shl ecx, 3
    or rax, -1
    shl rax, cl
    not rax
    or rax, [rdx]
    mov r10, ONES
    mov r11, TOPS
1:  mov r9, rax
    sub r9, r10
    not rax
    and r9, rax
    and r9, r11
    jnz 2f
    add rdx, 8
    mov rax, [rdx]
    jmp 1b
2:  bsf rax, r9
    shr eax, 3
    add rax, rdx
    sub rax, r8
3:  ret

/* eax = -1, 0 or 1; rcx and rdx = the texts. Eight bytes at once where both have them in their page. */
    .globl strcmp
strcmp:
    mov r10, ONES
    mov r11, TOPS
1:  mov eax, ecx
    and eax, 4095
    cmp eax, 4088
    ja 2f
    mov eax, edx
    and eax, 4095
    cmp eax, 4088
    ja 2f
    mov rax, [rcx]
    cmp rax, [rdx]
    jne 2f
    mov r8, rax
    sub r8, r10
    not rax
    and rax, r8
    test rax, r11
    jnz 3f
    add rcx, 8
    add rdx, 8
    jmp 1b
2:  movzx eax, byte ptr [rcx]
    movzx r8d, byte ptr [rdx]
    cmp eax, r8d
    jne 4f
    inc rcx
    inc rdx
    test eax, eax
    jnz 1b
3:  xor eax, eax
    ret
4:  sbb eax, eax
    or eax, 1
    ret

/* rax = address of the byte, or 0; rcx = text, dl = byte. As strlen, for 0 in the words and in the words ^ bytes. */
    .globl strchr
strchr:
    movzx edx, dl
    mov rax, rcx
    cmp byte ptr [rcx], dl
    je 4f
    mov r10, ONES
    imul rdx, r10
    mov r8, rcx
    and r8, -8
    and ecx, 7
    shl ecx, 3
    or rax, -1
    shl rax, cl
    not rax
    mov rcx, [r8]
    mov r11, rcx
    xor rcx, rdx
    or rcx, rax
    or r11, rax
1:  mov rax, r11
    sub rax, r10
    not r11
    and rax, r11
    mov r9, rcx
    sub r9, r10
    not rcx
    and r9, rcx
    or rax, r9
    mov r9, TOPS
    and rax, r9
    jnz 2f
    add r8, 8
    mov r11, [r8]
    mov rcx, r11
    xor rcx, rdx
    jmp 1b
2:  bsf rax, rax
    shr eax, 3
    add rax, r8
    cmp byte ptr [rax], dl
    je 4f
    xor eax, eax
4:  ret

/* rax = length of the part without any byte of the set; rcx = text, rdx = set. */
    .globl strcspn
strcspn:
    mov rax, rcx
1:  movzx r8d, byte ptr [rax]
    test r8d, r8d
    jz 3f
    mov r9, rdx
2:  movzx r10d, byte ptr [r9]
    cmp r10d, r8d
    je 3f
    inc r9
    test r10d, r10d
    jnz 2b
    inc rax
    jmp 1b
3:  sub rax, rcx
    ret

/* rax = length of the part of bytes of the set alone; rcx = text, rdx = set. */
    .globl strspn
strspn:
    mov rax, rcx
1:  movzx r8d, byte ptr [rax]
    test r8d, r8d
    jz 3f
    mov r9, rdx
2:  movzx r10d, byte ptr [r9]
    test r10d, r10d
    jz 3f
    inc r9
    cmp r10d, r8d
    jne 2b
    inc rax
    jmp 1b
3:  sub rax, rcx
    ret
