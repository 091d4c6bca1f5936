/*
 * nodes: a linked structure of a million nodes.
 *
 * A balanced binary tree is built with one HeapAlloc a node, measured, turned into its mirror image, strung
 * into a list, walked and freed: pointers all over the heap, followed in several orders.
 */
#include <stdio.h>
#include <windows.h>

enum { NODES = 1000000 };

struct node {
    struct node *left, *right, *next;
    unsigned key, weight;
};

static HANDLE heap;

/* A balanced tree of the keys from `first` up to but without `end`. */
static struct node *build(unsigned first, unsigned end)
{
    if (first == end)
        return NULL;
    struct node *n = HeapAlloc(heap, 0, sizeof *n);
    if (!n)
        ExitProcess(1);
    unsigned middle = first + (end - first) / 2;
    n->key = middle;
    n->weight = 1;
    n->next = NULL;
    n->left = build(first, middle);
    n->right = build(middle + 1, end);
    if (n->left)
        n->weight += n->left->weight;
    if (n->right)
        n->weight += n->right->weight;
    return n;
}

static unsigned height(const struct node *n)
{
    if (!n)
        return 0;
    unsigned left = height(n->left), right = height(n->right);
    return 1 + (left > right ? left : right);
}

static void mirror(struct node *n)
{
    if (!n)
        return;
    struct node *left = n->left;
    n->left = n->right;
    n->right = left;
    mirror(n->left);
    mirror(n->right);
}

/* Puts the nodes, in order, before `rest` and answers the first. */
static struct node *string(struct node *n, struct node *rest)
{
    if (!n)
        return rest;
    n->next = string(n->right, rest);
    return string(n->left, n);
}

int main(void)
{
    heap = GetProcessHeap();
    struct node *root = build(0, NODES);
    printf("%u nodes, height %u\n", root->weight, height(root));
    mirror(root);

    unsigned count = 0, out_of_order = 0, hash = 0;
    for (const struct node *n = string(root, NULL); n; n = n->next) {
        count++;
        out_of_order += n->next && n->next->key != n->key - 1;
        hash = hash * 31 + n->key * n->weight;
    }
    printf("mirrored: %u nodes from the highest key to the lowest, out of order: %u\n", count, out_of_order);
    printf("hash 0x%08x\n", hash);

    unsigned freed = 0;
    struct node *n = root;
    while (n->left)
        n = n->left;
    while (n) {
        struct node *next = n->next;
        freed += HeapFree(heap, 0, n) != 0;
        n = next;
    }
    printf("freed %u, heap valid: %d\n", freed, HeapValidate(heap, 0, NULL) != 0);
    return 0;
}
