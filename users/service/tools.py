"""What whoever runs the deployment looks at."""

from google.api.httpbody_pb2 import HttpBody
from typing_extensions import override

from mesh.errors import ServiceError
from mesh.headers import Context
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.tools_pb2 import (
    ListRoutesRequest,
    ListRoutesResponse,
    ListToolsRequest,
    ListToolsResponse,
    ShowPageRequest,
    Tool,
)
from users.routes import Routes
from users.tools import ToolsPage


class ToolService(service_pb2_grpc.ToolServiceServicer):
    """What whoever runs the deployment looks at."""

    def __init__(self, tools: tuple[Tool, ...], routes: Routes) -> None:
        self._tools = tools
        self._routes = routes
        self._page = ToolsPage(tools)

    @override
    async def ListTools(self, request: ListToolsRequest, context: Context) -> ListToolsResponse:
        """Lists the tools."""
        return ListToolsResponse(tools=self._tools)

    @override
    async def ListRoutes(self, request: ListRoutesRequest, context: Context) -> ListRoutesResponse:
        """Asks every replica what it holds."""
        return await self._routes.listed(request.search)

    @override
    async def ShowPage(self, request: ShowPageRequest, context: Context) -> HttpBody:
        """Answers the page; the links are there also where the routes are not."""
        await context.send_initial_metadata((("content-security-policy", self._page.policy),))
        try:
            html = self._page.html(request.search, await self._routes.listed(request.search))
        except ServiceError as error:
            html = self._page.html(request.search, None, error.message)
        return HttpBody(content_type="text/html; charset=utf-8", data=html)
