"""Tags that put pages and components together: `slot`, `draw`, `component` and `part`."""

from collections.abc import Sequence

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY, BlockNode

# What Django's own templates rendered is escaped already; only blanks around it are cut off.
from django.utils.safestring import SafeString  # noqa: TID251

register = template.Library()


@register.tag
def slot(parser: Parser, token: Token) -> "SlotNode":
    """`{% slot "lead" as lead %}`: what a page put into its block of that name, rendered once.

    For base templates that show a block twice or not at all when it is empty.
    """
    words = token.split_contents()
    if len(words) != 4 or words[2] != "as":
        raise template.TemplateSyntaxError('Write it as {% slot "name" as variable %}.')
    return SlotNode(words[1].strip("\"'"), words[3])


class SlotNode(Node):
    def __init__(self, block: str, variable: str) -> None:
        self.block, self.variable = block, variable

    def render(self, context: Context) -> str:
        blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
        found = blocks.get_block(self.block) if blocks else None
        text = BlockNode(self.block, NodeList()).render(context) if found else ""
        context[self.variable] = SafeString(text.strip())
        return ""


@register.tag
def draw(parser: Parser, token: Token) -> "ComponentNode":
    """`{% draw "button" label=_("Send proposal") kind="primary" %}`: a component without content.

    Unlike an include it sees nothing of the page but its arguments, the request and the CSRF
    token, so a page's own `name` or `form` never slips into it.
    """
    return _component(parser, token, NodeList())


@register.tag
def component(parser: Parser, token: Token) -> "ComponentNode":
    """`{% component "card" title="…" %}…{% part "foot" %}…{% endpart %}{% endcomponent %}`.

    Renders templates/components/<name>.html with the inner text as `content` and each part
    under its own name. The component sees its arguments and the page's request, nothing else.
    """
    nodes = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return _component(parser, token, nodes)


def _component(parser: Parser, token: Token, nodes: NodeList) -> "ComponentNode":
    words = token.split_contents()[1:]
    if not words:
        raise template.TemplateSyntaxError("A component needs a name.")
    name = parser.compile_filter(words[0])
    return ComponentNode(name, token_kwargs(words[1:], parser), nodes)


class ComponentNode(Node):
    child_nodelists: Sequence[str] = ("nodes",)

    def __init__(
        self,
        name: FilterExpression,
        arguments: dict[str, FilterExpression],
        nodes: NodeList,
    ) -> None:
        self.name, self.arguments, self.nodes = name, arguments, nodes

    def render(self, context: Context) -> str:
        given = {key: value.resolve(context) for key, value in self.arguments.items()}
        parts = {node.name: node for node in self.nodes if isinstance(node, PartNode)}
        for name, node in parts.items():
            given[name] = SafeString(node.nodes.render(context).strip())
        given["content"] = SafeString(self.nodes.render(context).strip())
        chosen = context.template.engine.get_template(
            f"components/{self.name.resolve(context)}.html"
        )
        with context.push():
            inner = context.new(given)
            for shared in ("request", "csrf_token", "csp_nonce"):
                if shared in context and shared not in given:
                    inner[shared] = context[shared]
            return chosen.render(inner)


@register.tag
def part(parser: Parser, token: Token) -> "PartNode":
    """A named piece of a component's content; see `component`."""
    words = token.split_contents()
    nodes = parser.parse(("endpart",))
    parser.delete_first_token()
    return PartNode(words[1].strip("\"'"), nodes)


class PartNode(Node):
    child_nodelists: Sequence[str] = ("nodes",)

    def __init__(self, name: str, nodes: NodeList) -> None:
        self.name, self.nodes = name, nodes

    def render(self, context: Context) -> str:
        return ""
