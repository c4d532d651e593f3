"""What browsers are shown whom users refuses a page for administrators, by HTTP status; without style or script."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""

#: Signing in leads back to the tools.
PAGES = {
    401: _PAGE.format(
        title="Sign in to see this page",
        content='<p>It is for administrators of this deployment. <a href="/#/admin/tools">Sign in</a>, and you get '
        "there afterwards.</p>",
    ),
    403: _PAGE.format(
        title="Only administrators of this deployment see this",
        content="<p>Another administrator can make you one, or whoever runs the deployment. Who acts as somebody else "
        'ends that first. <a href="/#/">To the start page</a></p>',
    ),
}
