# SPDX-License-Identifier: GPL-2.0-only
"""Plausible changes of C code in kernel style, one at a time."""
import difflib
import re
from bisect import bisect
from dataclasses import dataclass

TOKEN = re.compile(r'''
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<macro>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<number>\d[\w.]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])
''', re.X | re.S | re.M)

SWAPS = {
    '<': ('<=', '>='), '<=': ('<', '>'), '>': ('>=', '<='), '>=': ('>', '<'),
    '==': ('!=',), '!=': ('==',), '&&': ('||',), '||': ('&&',),
    '++': ('--',), '--': ('++',), '+=': ('-=',), '-=': ('+=',),
}
CONTROL = {'if', 'for', 'while', 'do', 'switch', 'return', 'case', 'default', 'else'}
TYPES = {'struct', 'enum', 'union', 'const', 'static', 'unsigned', 'extern', 'volatile'}
NUMBER = re.compile(r'(0x[0-9a-fA-F]+|\d+)([uUlL]*)$')


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class Change:
    """Replace [start, end) of a file, in a function."""
    path: str
    function: str
    line: int
    kind: str
    start: int
    end: int
    new: str

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def diff(self, text):
        """The lines that differ, with - or +, without their blanks at the start."""
        lines = difflib.unified_diff(text.splitlines(), self.apply(text).splitlines(),
                                     lineterm='', n=0)
        return [f'{line[0]} {line[1:].strip()}' for line in lines
                if line[0] in '-+' and line[:3] not in ('---', '+++')]


def tokens_of(text):
    found = (Token(m.lastgroup, m.group(), m.start(), m.end())
             for m in TOKEN.finditer(text))
    return [t for t in found if t.kind not in ('comment', 'macro')]


def closing(tokens, i):
    """The place of the bracket that closes the one at i."""
    pairs = {'(': ')', '{': '}', '[': ']'}
    opens, closes, depth = tokens[i].text, pairs[tokens[i].text], 0
    for at in range(i, len(tokens)):
        depth += (tokens[at].text == opens) - (tokens[at].text == closes)
        if not depth:
            return at
    return len(tokens) - 1


def functions_of(text):
    """(name, tokens of the body, with its braces) of each function."""
    tokens, first, i = tokens_of(text), 0, 0
    while i < len(tokens):
        token = tokens[i]
        if token.text == '{':
            end = closing(tokens, i)
            if text[token.start - 1] == '\n':
                yield name_of(tokens[first:i]), tokens[i:end + 1]
                first = end + 1
            i = end
        elif token.text == ';':
            first = i + 1
        i += 1


def name_of(header):
    for word, following in zip(header, header[1:]):
        if word.kind == 'word' and following.text == '(' and \
           not word.text.startswith('__') and word.text != 'format':
            return word.text
    return '?'


def swaps(text, body, i):
    token, before = body[i], body[i - 1]
    if token.text in '+-' and (before.kind == 'number' or before.text in ')]' or
                               before.kind == 'word' and before.text not in CONTROL):
        yield 'exchanged', i, i, '-' if token.text == '+' else '+'
    for new in SWAPS.get(token.text, ()):
        yield 'exchanged', i, i, new
    if token.text == '!':
        yield 'negated', i, i, ''


def constants(text, body, i):
    match = body[i].kind == 'number' and NUMBER.match(body[i].text)
    if not match:
        return
    value = int(match[1], 16 if match[1].startswith('0x') else 10)
    form = hex if match[1].startswith('0x') else str
    for other in {value + 1, max(value - 1, 0)} - {value}:
        yield 'constant', i, i, form(other) + match[2]


def conditions(text, body, i):
    if body[i].text not in ('if', 'while') or body[i + 1].text != '(':
        return
    end = closing(body, i + 1)
    condition = text[body[i + 1].start:body[end].end]
    yield 'negated', i + 1, end, f'(!{condition})'
    yield 'removed', i + 1, end, '(0)'
    if body[i].text == 'if':
        yield 'removed', i + 1, end, '(1)'


def returns(text, body, i):
    if body[i].text != 'return' or body[i + 1].text == ';':
        return
    end = i + 1
    while body[end].text != ';':
        end += 1
    value = ''.join(t.text for t in body[i + 1:end])
    others = {'true': 'false', 'false': 'true', '0': '1'}
    yield 'returned', i + 1, end - 1, others.get(value, '0')


def begins_statement(body, i):
    """Is this the first token of a statement that is an expression or a jump?"""
    before, token = body[i - 1], body[i]
    if token.text in CONTROL | TYPES or token.text in ';{}' or \
       token.kind == 'word' and token.text.endswith('_t'):
        return False
    if body[i + 1].kind == 'word' and token.text != 'goto':
        return False                                    # a type, and a name
    if body[i + 1].text == '*' and body[i + 2].kind == 'word' and token.kind == 'word':
        return False                                    # a pointer
    if body[i + 1].text == ':':
        return False                                    # a label
    if before.text == ')':
        return ends_header(body, i - 1)
    return before.text in (';', '{', '}', ':', 'else', 'do')


def ends_header(body, i):
    depth = 0
    while i:
        depth += (body[i].text == ')') - (body[i].text == '(')
        if not depth:
            return body[i - 1].text in ('if', 'for', 'while', 'switch')
        i -= 1
    return False


def statements(text, body, i):
    if not 0 < i < len(body) - 3 or not begins_statement(body, i):
        return
    end = i
    while end < len(body) and body[end].text not in (';', '}'):
        end = closing(body, end) if body[end].text in '({[' else end
        end += 1
    if end < len(body) and body[end].text == ';' and in_block(body, i):
        yield 'left out', i, end, ';'


def in_block(body, i):
    """Not in the head of a loop, nor in an initializer."""
    depth = 0
    for at in range(i - 1, 0, -1):
        depth += (body[at].text in ')}') - (body[at].text in '({')
        if depth < 0:
            return body[at].text == '{' and body[at - 1].text in (')', 'else', 'do', ';', '}', '{')
    return True


def changes_of(path, text):
    """All changes of a file, in the order of its text."""
    lines = [m.end() for m in re.finditer('\n', text)]
    for name, body in functions_of(text):
        for i in range(1, len(body) - 1):
            for find in (swaps, constants, conditions, returns, statements):
                for kind, first, last, new in find(text, body, i):
                    start, end = body[first].start, body[last].end
                    yield Change(path, name, bisect(lines, start) + 1, kind, start, end, new)
